/** Roles and statements for hand-made circuits of 2 layers of 2 heads, on one prompt. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Head, headName } from "../utils/names/nodes.ts";
import { type IoiCircuit, readersOfS, type Signal, suppressors } from "./ioi_circuit.ts";
import { comparison, rolesFound } from "./roles_found.ts";

const SHAPE = { nLayers: 2, nHeads: 2 };
const f = (...values: number[]) => Float32Array.from(values);
const none = () => f(0, 0, 0, 0);

/** a1.h0 moves names, a0.h1 inhibits by `signal` and reads from a0.h0, a1.h1 writes against S. */
function handMade(signal: Signal[] = ["position", "token"]): IoiCircuit {
  const changes = {} as IoiCircuit["inhibition"]["test"]["changes"];
  return {
    behaviour: { clean: f(3), corrupted: f(-3), accuracy: 1, first: 1 },
    direct: {
      io: none(),
      s: f(0, 0, 0, -2),
      attribution: none(),
      effects: f(0.001, 0.05, -0.5, -0.1),
    },
    movers: {
      copy: { positive: f(0, 0, 80, 0), negative: none() },
      attention: { io: f(0, 0, 0.7, 0.1), s1: f(0, 0, 0.1, 0.1), s2: f(0, 0.9, 0.1, 0.6) },
      heads: [[1, 0]] as Head[],
    },
    inhibition: {
      effects: f(0, -0.4, 0, 0),
      test: { candidates: [[0, 1]], means: changes, changes, heads: [] },
      heads: [[0, 1]],
      signals: [signal],
    },
    readers: [[0, 1], [1, 1]],
    inputs: {
      effects: f(-0.3, 0, 0, 0),
      whole: { q: 0, k: 0, v: -0.5 },
      scores: { prevToken: none(), duplicateToken: f(0.8, 0, 0, 0), induction: none() },
      toS1: f(0.7, 0, 0, 0),
      toAfterS1: none(),
      unrepeated: { io: none(), s1: none(), s2: f(0, 0.2, 0, 0) },
    },
  };
}

const listed = (circuit: IoiCircuit) =>
  rolesFound(circuit, SHAPE).map(({ head, role }) => `${headName(head)} ${role}`);

Deno.test("rolesFound() gives every head its parts, level by level, the strongest first", () => {
  assertEquals(listed(handMade()), [
    "a1.h0 name mover",
    "a1.h1 S suppression",
    "a0.h1 negative head",
    "a0.h1 S-inhibition",
    "a0.h0 duplicate token",
  ]);
});

Deno.test("rolesFound() calls a head after what it looks at: after S1, or neither", () => {
  const circuit = handMade();
  circuit.inputs.toAfterS1 = f(0.9, 0, 0, 0);
  assertEquals(listed(circuit).at(-1), "a0.h0 induction");
  circuit.inputs = { ...circuit.inputs, ...{ toS1: none(), toAfterS1: none() } };
  circuit.inputs.scores.duplicateToken = none();
  assertEquals(listed(circuit).at(-1), "a0.h0 other input of S readers");
});

Deno.test("comparison() recognises the published algorithm, level by level", () => {
  const text = comparison(handMade(), SHAPE).join("\n");
  assertStringIncludes(text, "as in GPT-2 small: a1.h0");
  assertStringIncludes(text, "both signals");
  assertStringIncludes(text, "S2 is found by its repetition");
  assertStringIncludes(text, "a0.h0 (duplicate token)");
});

Deno.test("comparison() says where a model does otherwise: signal, repetition, inputs, name movers", () => {
  const circuit = handMade(["token"]);
  circuit.inputs.unrepeated.s2 = f(0, 0.9, 0, 0.6);
  circuit.inputs.effects = none();
  const text = comparison(circuit, SHAPE).join("\n");
  assertStringIncludes(text, "the token signal alone");
  assertStringIncludes(text, "S2 is found without its repetition");
  assertStringIncludes(text, "No detection of duplicates by heads");

  circuit.movers.heads = [];
  const [first, second, third] = comparison(circuit, SHAPE);
  assertStringIncludes(first, "that decides: a1.h0 has the copy score");
  assertStringIncludes(second, "Direct suppression of S");
  assertStringIncludes(third, "S2 is found without its repetition");
});

Deno.test("a head that copies IO and S equally is not a name mover: heads that suppress S decide", () => {
  const circuit = handMade();
  circuit.movers.heads = [];
  circuit.direct.effects = f(0, 0, -0.01, -0.8);
  circuit.direct.io = f(0, 0, 3, 0);
  circuit.direct.s = f(0, 0, 2.9, -4);
  assertEquals(listed(circuit).slice(0, 2), ["a1.h1 S suppression", "a1.h0 copies both names"]);
  const text = comparison(circuit, SHAPE).join();
  assertStringIncludes(text, "a1.h0, in all 3.00 to the logit of IO and 2.90 to that of S");
});

Deno.test("suppressors() look at S, lower its logit, and are not name movers", () => {
  const { direct, movers } = handMade();
  assertEquals(suppressors({ model: { config: SHAPE } }, direct, movers), [[1, 1]]);
  direct.s = f(0, 0, -2, 2);
  assertEquals(suppressors({ model: { config: SHAPE } }, direct, movers), []);
});

Deno.test("readersOfS() names a head once that inhibits and suppresses", () => {
  const { inhibition } = handMade();
  assertEquals(readersOfS(inhibition, [[0, 1], [1, 1]]), [[0, 1], [1, 1]]);
});

Deno.test("a model that does not tell IO from S has no circuit and no roles", () => {
  const circuit = handMade();
  circuit.behaviour.clean = f(0.3);
  circuit.behaviour.corrupted = f(0.2);
  assertEquals(listed(circuit), []);
  assertStringIncludes(comparison(circuit, SHAPE).join(), "No circuit");
});
