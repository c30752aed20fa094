/** An error the user can fix (input or file). Scripts show it as one line per mistake, without a stack trace. */
export class UserError extends Error {
  /** "UserError" */
  override name = "UserError";

  /**
   * Makes an error of one or more lines.
   * @param exitCode 2 for a wrong command line or config, 1 for a run that could not complete
   */
  constructor(message: string, readonly exitCode: 1 | 2 = 1, options?: ErrorOptions) {
    super(message, options);
  }
}
