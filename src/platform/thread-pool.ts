/** libuv reads this once, before its first use. */
const configured = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)

/** Threads on which all file and LevelDB calls of this process run, worker threads included. */
export const threadPoolSize = Number.isInteger(configured) ? Math.min(Math.max(configured, 1), 1024) : 4
