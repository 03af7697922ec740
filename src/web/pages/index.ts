import { lazy, type LazyExoticComponent, type ComponentType } from "react";

/** Every page: its route, and its word in the navigation when it has one. */
export interface Page {
  readonly id: string;
  readonly route: string;
  readonly nav: string | undefined;
  readonly component: LazyExoticComponent<ComponentType>;
}

export const pages: readonly Page[] = [
  {
    id: "runs",
    route: "/",
    nav: "Runs",
    component: lazy(async () => ({ default: (await import("./runs/page.tsx")).RunsPage })),
  },
  {
    id: "run",
    route: "/runs/:id",
    nav: undefined,
    component: lazy(async () => ({ default: (await import("./run/page.tsx")).RunPage })),
  },
  {
    id: "compare",
    route: "/compare",
    nav: "Compare",
    component: lazy(async () => ({ default: (await import("./compare/page.tsx")).ComparePage })),
  },
  {
    id: "settings",
    route: "/settings",
    nav: "Settings",
    component: lazy(async () => ({ default: (await import("./settings/page.tsx")).SettingsPage })),
  },
];
