import { config } from "zod";

// Zod compiles schemas with `new Function`, which our content security policy forbids. Imported first
// by main.tsx, before any schema is made.
config({ jitless: true });
