/** A mistake in what the user gave or in what lies on the disk: told in one line, without a stack. */
export class UserError extends Error {
  override name = "UserError";

  /** @param exitCode 2 for a wrong command line or config, 1 for a run that could not be completed */
  constructor(message: string, readonly exitCode: 1 | 2 = 1, options?: ErrorOptions) {
    super(message, options);
  }
}
