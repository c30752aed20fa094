/**
 * Reference values of single heads, from the weights and one run: copy scores, successor logits, CSPA, direct logit
 * attribution. All but the successor logits use folded weights.
 */
import { copyScores, cspaScores, directLogitAttribution, successorLogits } from "../heads/mod.ts";
import { type Quantity, readout, type ReferenceCase, TOLERANCE } from "./reference_case.ts";

const copyScore = (name: string, sign: "positive" | "negative"): Quantity => ({
  name,
  tolerance: 0,
  async compute(c) {
    if (!c.heads) return undefined;
    const { IO, S1, S2 } = c.heads.positions;
    const prompts = await c.tokens("tokens.clean");
    const scores = await copyScores(await c.folded(), prompts, prompts.map(() => [IO, S1, S2]));
    return scores[sign];
  },
});

const ids = async (c: ReferenceCase, name: string) => Array.from(await c.read(name));

const successor: Quantity = {
  name: "successor.logits",
  tolerance: TOLERANCE,
  compute: async (c) => c.heads && await successorLogits(c.model, await ids(c, "successor.ids")),
};

const cspa: Quantity = {
  name: "cspa.score",
  tolerance: TOLERANCE,
  async compute(c) {
    if (!c.heads) return undefined;
    const { eval_docs, k_unembeddings } = c.heads.cspa;
    const { scores } = await cspaScores(await c.folded(), await c.tokens("cspa.docs"), {
      evalDocs: eval_docs,
      kUnembeddings: k_unembeddings,
      functionWords: await ids(c, "cspa.function_words"),
    });
    return scores;
  },
};

const attribution: Quantity = {
  name: "direct_logit_attribution",
  tolerance: TOLERANCE,
  async compute(c) {
    if (!c.heads) return undefined;
    const { IO, S1, END } = c.heads.positions;
    const prompts = await c.tokens("tokens.clean");
    const answers = prompts.map((prompt) => [prompt[IO], prompt[S1]]);
    return directLogitAttribution(
      await c.folded(),
      prompts,
      prompts.map(() => END),
      readout("logits", answers, answers.map(() => [1, -1])),
    );
  },
};

/** Quantities of single heads. */
export const headQuantities: Quantity[] = [
  copyScore("copy_score", "positive"),
  copyScore("copy_score.negative", "negative"),
  successor,
  cspa,
  attribution,
];
