import { assertEquals } from "@std/assert";
import { phrasesIn } from "./wording.ts";

Deno.test("translated phrases are found with their line and what to write", () => {
  const text = [
    "// Reads the file anew.",
    "// The head is no edge, and the user is told of it.",
    "// groups, of which each has not a key",
    "// The weights lie behind each other in one tensor.",
  ].join("\n");
  assertEquals(phrasesIn(text), [
    '1: "anew" → again, from scratch',
    '2: "is told" → name the actor: warns, reports, tells A from B',
    '2: "told of" → name the actor: warns, reports, tells A from B',
    '2: "is no e" → is not a',
    '3: ", of which" → split the sentence',
    '3: "has not a" → does not have',
    '4: "behind each" → after',
    '4: "lie behind" → is',
  ]);
});

Deno.test("idiomatic English passes", () => {
  const text = [
    "There is no such file. It is no longer there, and no faster. What is no number is refused.",
    "The run has not finished. Results stand in for the rest. It lies between 0 and 1.",
    "two heads, one of which copies",
  ].join("\n");
  assertEquals(phrasesIn(text), []);
});
