declare module 'dynalite' {
  import type { Server } from 'node:http';

  const dynalite: (options: {
    /** Folder of the data; in memory without it. */
    path?: string;
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }) => Server;
  export default dynalite;
}
