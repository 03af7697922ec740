import { defineCommand } from "../command.ts";

export const serveCommand = defineCommand({
  id: "serve",
  summary: "Start the server with the web page, or stop it",
  options: [
    [
      "--host <address>",
      "address to listen on (default: 127.0.0.1; any other needs a token, one is made when none is given)",
    ],
    ["--port <number>", "port (default: 7337, or the next free one; 0: any)"],
    ["--dir <directory>", "data directory (default: $LLMDBG_DIR or ~/.llmdbg)"],
    ["--token <token>", "token that clients must send (default: $LLMDBG_TOKEN)"],
    ["--idle-exit <minutes>", "stop after this long without clients and live runs"],
    ["--stop", "stop the server of this data directory"],
    ["--open", "open the web page in the browser"],
  ],
  examples: ["llmdbg serve --open", "llmdbg serve --host 0.0.0.0 --port 8080", "llmdbg serve --stop"],
  load: async () => (await import("../serve/serve.ts")).serve,
});
