import { Modal } from "@mantine/core";
import { keyHelp } from "../state/keys.ts";

export function KeyHelp({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Keys" size="sm" closeButtonProps={{ "aria-label": "Close" }}>
      <dl className="key-help">
        {keyHelp.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
