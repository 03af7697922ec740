import { ActionIcon, Tooltip, useMantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconKeyboard, IconMoon, IconSearch, IconSun } from "@tabler/icons-react";
import { Component, Suspense, useState, type ReactNode } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { pages } from "./pages/index.ts";
import { useKeys } from "./state/keys.ts";
import { Failure } from "./widgets/failure.tsx";
import { KeyHelp } from "./widgets/key-help.tsx";
import { Palette } from "./widgets/palette.tsx";

/** The frame around all pages: navigation, palette, keys, and the one place that catches a page's bug. */
export function Shell() {
  const [path] = useLocation();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  useKeys({ "?": () => setHelp(true) });
  return (
    <>
      <a className="skip" href="#page">
        Skip to content
      </a>
      <header className="top">
        <Link href="/" className="brand" aria-label="llmdbg, all runs">
          <img src="/favicon.svg" width={20} height={20} alt="" />
          llmdbg
        </Link>
        <nav aria-label="Pages">
          {pages.map(({ id, nav, route }) =>
            nav === undefined ? null : (
              <Link key={id} href={route} aria-current={isCurrent(path, route) ? "page" : undefined}>
                {nav}
              </Link>
            ),
          )}
        </nav>
        <div className="top-tools">
          <button type="button" className="palette-button" onClick={() => setPalette(true)}>
            <IconSearch size={14} />
            <span>Go to</span>
            <kbd>Ctrl K</kbd>
          </button>
          <Tooltip label="All keys">
            <ActionIcon variant="subtle" color="gray" aria-label="All keys" onClick={() => setHelp(true)}>
              <IconKeyboard size={18} />
            </ActionIcon>
          </Tooltip>
          <SchemeButton />
        </div>
      </header>
      <Palette opened={palette} setOpened={setPalette} />
      <KeyHelp opened={help} close={() => setHelp(false)} />
      <main id="page" tabIndex={-1}>
        <Boundary key={path}>
          <Suspense fallback={<div className="page-loading" aria-busy="true" />}>
            <Switch>
              {pages.map(({ id, route, component: PageComponent }) => (
                <Route key={id} path={route}>
                  <PageComponent />
                </Route>
              ))}
              <Route>
                <div className="empty">
                  <h2>There is no such page</h2>
                  <p>
                    <Link href="/">All runs</Link>
                  </p>
                </div>
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </main>
    </>
  );
}

const isCurrent = (path: string, route: string): boolean =>
  route === "/" ? path === "/" || path.startsWith("/runs") : path.startsWith(route);

const schemes = ["auto", "light", "dark"] as const;
const schemeIcon = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon };
const schemeWord = { auto: "as the system", light: "light", dark: "dark" };

function SchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Icon = schemeIcon[colorScheme];
  const next = schemes[(schemes.indexOf(colorScheme) + 1) % schemes.length] ?? "auto";
  const words = `Colours: ${schemeWord[colorScheme]}. Switch to ${schemeWord[next]}`;
  return (
    <Tooltip label={words}>
      <ActionIcon variant="subtle" color="gray" aria-label={words} onClick={() => setColorScheme(next)}>
        <Icon size={18} />
      </ActionIcon>
    </Tooltip>
  );
}

class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };
  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }
  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return (
      <div className="page-failure">
        <h2>This page stopped</h2>
        <Failure error={this.state.error} retry={() => this.setState({ error: undefined })} />
      </div>
    );
  }
}
