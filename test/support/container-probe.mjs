// Imported in a container process before the bundle: says what the process holds on to.
import { subscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Without strong references: what is counted must not be kept alive by the counting. */
const seen = new Set();
subscribe('net.client.socket', ({ socket }) => {
  seen.add(new WeakRef(socket));
});

const openSockets = () => {
  const open = [];
  for (const reference of seen) {
    const socket = reference.deref();
    if (socket === undefined || socket.destroyed) seen.delete(reference);
    else open.push(socket);
  }
  return open;
};

const listenersOf = (emitter) =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);

const countBy = (names) => {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

let collect;

/** Twice with a turn between: finalisers of the first collection make garbage for the second. */
const collectGarbage = async () => {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc');
  }
  collect();
  await sleep(10);
  collect();
};

/** What is held after a garbage collection; see `Held`. */
export const probe = async () => {
  await collectGarbage();
  const sockets = openSockets();
  return {
    heapBytes: process.memoryUsage().heapUsed,
    sockets: sockets.length,
    socketListeners: Math.max(0, ...sockets.map(listenersOf)),
    processListeners: listenersOf(process),
    resources: countBy(process.getActiveResourcesInfo()),
  };
};
