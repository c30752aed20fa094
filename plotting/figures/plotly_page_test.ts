import { assertRejects } from "@std/assert";
import { UserError } from "../../utils/base/user_error.ts";
import { plotlyImage, saveFigure } from "./plotly_page.ts";

/** A figure without traces. */
const FIGURE = { title: "t", caption: "c", data: [], layout: {}, width: 300, height: 200 };

Deno.test("saveFigure() rejects unknown extensions", async () => {
  await assertRejects(() => saveFigure(FIGURE, "figure.gif"), UserError, "figure.gif");
});

Deno.test({
  name: "plotlyImage() without a browser says what to install",
  fn: async () => {
    const before = Deno.env.get("CHROMIUM_PATH");
    Deno.env.set("CHROMIUM_PATH", "/nowhere/chromium");
    try {
      await assertRejects(() => plotlyImage(FIGURE, "svg"), UserError, "Chromium");
    } finally {
      if (before === undefined) Deno.env.delete("CHROMIUM_PATH");
      else Deno.env.set("CHROMIUM_PATH", before);
    }
  },
});
