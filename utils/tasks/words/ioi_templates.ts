/**
 * The seven "BABA" templates of the indirect-object task. `[B]`, the subject, is mentioned first and
 * again before the answer. `[A]`, the indirect object, is the answer (the last word).
 */
export const BABA_TEMPLATES: readonly string[] = [
  "Then, [B] and [A] went to the [PLACE]. [B] gave a [OBJECT] to [A]",
  "Then, [B] and [A] had a lot of fun at the [PLACE]. [B] gave a [OBJECT] to [A]",
  "Then, [B] and [A] were working at the [PLACE]. [B] decided to give a [OBJECT] to [A]",
  "Then, [B] and [A] were thinking about going to the [PLACE]. [B] wanted to give a [OBJECT] to [A]",
  "Then, [B] and [A] had a long argument, and afterwards [B] said to [A]",
  "After [B] and [A] went to the [PLACE], [B] gave a [OBJECT] to [A]",
  "When [B] and [A] got a [OBJECT] at the [PLACE], [B] decided to give it to [A]",
];

/** The same templates with the first two mentions exchanged, "[A] and [B]". */
export const ABBA_TEMPLATES: readonly string[] = BABA_TEMPLATES.map((template) =>
  template.replace("[B] and [A]", "[A] and [B]")
);
