import { describe, expect, it } from "vitest";
import { checkSender, isLoopback, TokenCheck } from "./guard.ts";

describe("checkSender", () => {
  const onLoopback = (method: string, headers: Record<string, string>) => () =>
    checkSender(method, { host: "localhost:7337", ...headers }, "127.0.0.1");

  it.each(["localhost:7337", "127.0.0.1:7337", "[::1]:7337", "LOCALHOST", "localhost:9999"])(
    "lets Host %s in",
    (host) => {
      expect(onLoopback("GET", { host })).not.toThrow();
    },
  );

  it.each([
    "evil.example",
    "evil.example:7337",
    "127.0.0.1.evil.example",
    "localhost.evil.example:7337",
    "169.254.1.1",
    "",
  ])("refuses Host %j (DNS rebinding)", (host) => {
    expect(onLoopback("GET", { host })).toThrow(/is not this server/);
  });

  it("leaves names to the token on any other address", () => {
    expect(() => checkSender("GET", { host: "gpu-box.lan:7337" }, "0.0.0.0")).not.toThrow();
  });

  it("lets in programs and our own pages", () => {
    expect(onLoopback("POST", {})).not.toThrow();
    expect(onLoopback("POST", { origin: "http://localhost:7337", "sec-fetch-site": "same-origin" })).not.toThrow();
    expect(onLoopback("GET", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).not.toThrow();
  });

  it.each([
    "http://evil.example",
    "null",
    "http://localhost:3000",
    "http://localhost",
    "http://localhost:7337.evil.example",
  ])("refuses pages of %s", (origin) => {
    expect(onLoopback("POST", { origin })).toThrow(/not accepted/);
    expect(onLoopback("GET", { origin })).toThrow(/not accepted/);
  });

  it("refuses pages of other sites whose browser sends no Origin", () => {
    expect(onLoopback("POST", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).toThrow();
    expect(onLoopback("GET", { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" })).toThrow();
  });
});

describe("isLoopback", () => {
  it("knows this machine's own addresses", () => {
    expect(["localhost", "127.0.0.1", "127.5.5.5", "::1"].filter(isLoopback)).toHaveLength(4);
    expect(["0.0.0.0", "::", "10.0.0.1", "127.evil.example"].filter(isLoopback)).toEqual([]);
  });
});

describe("TokenCheck", () => {
  const check = new TokenCheck("s3cret", 7337);

  it("takes the token from header, address or cookie", () => {
    expect(check.check({ authorization: "Bearer s3cret" }, undefined)).toBe("header");
    expect(check.check({}, "s3cret")).toBe("query");
    expect(check.check({ cookie: "a=b; llmdbg_7337=s3cret" }, undefined)).toBe("cookie");
  });

  it.each([
    {},
    { authorization: "Bearer" },
    { authorization: "Bearer s3cre" },
    { authorization: "Basic s3cret" },
    { cookie: "llmdbg_7338=s3cret" },
  ])("refuses %j", (headers) => {
    expect(() => check.check(headers, undefined)).toThrow(/needs its token/);
  });
});
