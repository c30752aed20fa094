/** Opens an address with the system's browser. Says what to do where the system has no opener. */
export async function openBrowser(address: string): Promise<void> {
  const [command, ...args] = {
    darwin: ["open"],
    windows: ["cmd", "/c", "start", ""],
  }[Deno.build.os as string] ?? ["xdg-open"];
  try {
    await new Deno.Command(command, { args: [...args, address], stdout: "null", stderr: "null" })
      .output();
  } catch {
    console.error(`--open: found no program "${command}"; open ${address} yourself`);
  }
}
