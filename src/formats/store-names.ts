/** What lies in a store's directory. Names of shards, locks and repairs stand in files of their own. */
export const manifestName = 'MANIFEST'

/** The directory of the log's segments. */
export const logName = 'log'

/** The directory of body files. */
export const bodiesName = 'bodies'

/** The filter of conversations, while the store is closed. */
export const filterName = 'conversations.filter'
