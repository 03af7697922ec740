import "./data/zod-without-eval.ts";
import "./styles.ts";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { client } from "./data/queries.ts";
import { Shell } from "./shell.tsx";
import { colourSchemes, cssVariables, theme } from "./theme.ts";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        colorSchemeManager={colourSchemes}
        cssVariablesResolver={cssVariables}
      >
        <QueryClientProvider client={client}>
          <Shell />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
