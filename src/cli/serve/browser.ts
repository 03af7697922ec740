import { spawn } from "node:child_process";

/** Opens a page in the user's browser; answers whether a program for that was started. Never throws. */
export async function openBrowser(url: string): Promise<boolean> {
  const [command, ...args] = opener(url);
  if (command === undefined) return false;
  return new Promise((resolve) => {
    const child = spawn(command, args, { detached: true, stdio: "ignore" });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

function opener(url: string): string[] {
  if (process.platform === "darwin") return ["open", url];
  if (process.platform === "win32") return ["explorer", url];
  // Without a display xdg-open starts a text browser in the terminal, or fails after a pause.
  const display = process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"];
  return display === undefined || display === "" ? [] : ["xdg-open", url];
}
