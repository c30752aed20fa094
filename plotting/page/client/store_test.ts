import { assertEquals } from "@std/assert";
import { choiceField, readAddress, writeAddress } from "./address.ts";
import { createStore } from "./store.ts";

interface State {
  page: number;
  order: "density" | "index";
  open: string | null;
}

const START: State = { page: 1, order: "density", open: null };

Deno.test("a store calls its listeners once per change, with the changed parts, and not otherwise", () => {
  const store = createStore(START);
  const heard: string[][] = [];
  store.subscribe((changed) => {
    heard.push([...changed].sort());
    assertEquals(store.state.page, 2);
  });
  store.set({ page: 1 });
  assertEquals(heard, []);
  store.set({ page: 2, order: "index", open: null });
  assertEquals(heard, [["order", "page"]]);
  assertEquals(START.page, 1);
});

Deno.test("an address keeps the listed fields, omits defaults, and ignores invalid texts", () => {
  const fields = [
    choiceField<State, "order">("order", ["density", "index"], "density"),
    {
      name: "f",
      write: ({ open }: State) => open,
      read: (text: string) => /^\d+$/.test(text) ? { open: text } : null,
    },
  ];
  assertEquals(writeAddress(fields, START), "#");
  assertEquals(
    writeAddress(fields, { ...START, order: "index", open: "7 & 8" }),
    "#order=index&f=7+%26+8",
  );
  assertEquals(readAddress(fields, "#order=index&f=12&page=9"), { order: "index", open: "12" });
  assertEquals(readAddress(fields, "order=sideways&f=x"), {});
});
