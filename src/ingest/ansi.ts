// Control sequences (colours, cursor), operating system commands (titles, links), two-character escapes.
const sequences = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\^_=>78])/g;
const controls = /[\u0000-\u0007\u000B-\u001F\u007F]/g;
const anyControl = /[\u0000-\u0008\u000B-\u001F\u007F]/;

/** The text that a terminal would show, without colours and control characters; tabs stay. */
export function plain(text: string): string {
  if (!anyControl.test(text)) return text;
  return text.replace(sequences, "").replace(controls, "");
}
