// A server in a process of its own, for tests that kill it: prints its URL and serves until then.
import { startServer } from "../../src/server/server.ts";
import { openEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";

const [directory = ""] = process.argv.slice(2);
const store = await openEmbeddedStore(directory);
const server = await startServer({ store, directory, host: "127.0.0.1", port: 0, version: "0.0.0-test" });
console.log(server.url);
