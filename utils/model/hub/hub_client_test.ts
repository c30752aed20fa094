import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { hubSettings } from "./hub_client.ts";

Deno.test("hubSettings() reads the environment variables of Python's huggingface_hub", async () => {
  const names = ["HF_ENDPOINT", "HF_TOKEN", "HF_HOME", "HF_HUB_OFFLINE", "HF_TOKEN_PATH"];
  const before = names.map((name) => Deno.env.get(name));
  const home = await Deno.makeTempDir();
  try {
    names.forEach((name) => Deno.env.delete(name));
    Deno.env.set("HF_ENDPOINT", "http://mirror.example/");
    Deno.env.set("HF_HUB_OFFLINE", "1");
    Deno.env.set("HF_HOME", home);
    await Deno.writeTextFile(join(home, "token"), "hf_file\n");
    const { endpoint, offline, token } = hubSettings();
    assertEquals([endpoint, offline, token], ["http://mirror.example", true, "hf_file"]);
    Deno.env.set("HF_TOKEN", "hf_variable");
    Deno.env.set("HF_HUB_OFFLINE", "0");
    assertEquals([hubSettings().token, hubSettings().offline], ["hf_variable", false]);
  } finally {
    names.forEach((name, i) =>
      before[i] === undefined ? Deno.env.delete(name) : Deno.env.set(name, before[i])
    );
    await Deno.remove(home, { recursive: true });
  }
});
