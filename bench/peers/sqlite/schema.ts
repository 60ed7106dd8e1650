/** Everything but the list: that comes in two layouts, `lean-inbox.ts` and `wide-inbox.ts`. */
export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS users (
    user INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE
  );
  CREATE TABLE IF NOT EXISTS conversations (
    conversation INTEGER PRIMARY KEY, one INTEGER, other INTEGER, members TEXT, created INTEGER, UNIQUE (one, other)
  );
  CREATE TABLE IF NOT EXISTS messages (
    conversation INTEGER, seq INTEGER, position INTEGER, sender INTEGER, timestamp INTEGER, sentAt INTEGER,
    id TEXT, text TEXT, PRIMARY KEY (conversation, seq)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS idempotency ON messages (id, sender, conversation);`

export const STATEMENTS = {
  userByName: 'SELECT user FROM users WHERE name = ?',
  nameOfUser: 'SELECT name FROM users WHERE user = ?',
  addUser: 'INSERT INTO users (name) VALUES (?)',
  direct: 'SELECT conversation FROM conversations WHERE one = ? AND other = ?',
  conversation: 'SELECT one, other, members, created FROM conversations WHERE conversation = ?',
  addDirect: 'INSERT INTO conversations (one, other) VALUES (?, ?)',
  addGroup: 'INSERT INTO conversations (members, created) VALUES (?, ?)',
  newest: 'SELECT seq, position FROM messages WHERE conversation = ? ORDER BY seq DESC LIMIT 1',
  addMessage: 'INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  byId: 'SELECT seq, text FROM messages WHERE id = ? AND sender = ? AND conversation = ?',
  countOwn: 'SELECT count(*) FROM messages WHERE conversation = ? AND seq > ? AND seq <= ? AND sender = ?',
  page: `SELECT seq, sender, timestamp, sentAt, id, text FROM messages
         WHERE conversation = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
} as const
