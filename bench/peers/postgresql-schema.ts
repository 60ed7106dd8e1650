/**
 * Settings for one busy chat server on a small machine. `fsync`, `synchronous_commit` and `full_page_writes` stay on:
 * they are the durability that is compared.
 */
export const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_compression: 'lz4',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '8GB',
  min_wal_size: '1GB',
  checkpoint_timeout: '15min',
  shared_buffers: '1GB',
  work_mem: '16MB',
  effective_io_concurrency: '0',
  jit: 'off',
  max_connections: '10',
  autovacuum_vacuum_cost_delay: '0',
}

/**
 * One call of `send_group` is one group of sends: one round trip, one transaction, one flush of its log. `fillfactor`
 * leaves room so that moving a conversation in a list stays on its page.
 */
export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS users (user_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE NOT NULL);
  CREATE TABLE IF NOT EXISTS conversations (
    conversation integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, one integer, other integer,
    head integer NOT NULL DEFAULT 0, UNIQUE (one, other)
  ) WITH (fillfactor = 70);
  CREATE TABLE IF NOT EXISTS members (
    user_id integer, conversation integer, position bigint NOT NULL, own integer NOT NULL DEFAULT 0,
    read_seq integer NOT NULL DEFAULT 0, read_own integer NOT NULL DEFAULT 0, PRIMARY KEY (conversation, user_id)
  ) WITH (fillfactor = 70);
  CREATE INDEX IF NOT EXISTS inbox ON members (user_id, position DESC);
  CREATE TABLE IF NOT EXISTS messages (
    conversation integer, seq integer, sender integer, ts bigint, sent_at bigint, id text, body text,
    PRIMARY KEY (conversation, seq)
  );
  CREATE UNIQUE INDEX IF NOT EXISTS idempotency ON messages (id, sender, conversation);
  CREATE SEQUENCE IF NOT EXISTS positions CACHE 1000;

  CREATE OR REPLACE FUNCTION send_group(
    senders text[], receivers text[], groups integer[], ids text[], bodies text[], sent bigint[]
  ) RETURNS TABLE (seq integer, duplicate boolean) LANGUAGE plpgsql AS $$
  DECLARE
    s integer; r integer; c integer; place bigint; old record; now_ms bigint;
  BEGIN
    now_ms := floor(extract(epoch FROM clock_timestamp()) * 1000);
    INSERT INTO users (name)
      SELECT DISTINCT n FROM unnest(senders || receivers) n
      WHERE n IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.name = n)
      ON CONFLICT DO NOTHING;
    FOR i IN 1 .. array_length(senders, 1) LOOP
      SELECT user_id INTO s FROM users WHERE name = senders[i];
      c := groups[i];
      IF c IS NULL THEN
        SELECT user_id INTO r FROM users WHERE name = receivers[i];
        SELECT k.conversation INTO c FROM conversations k WHERE k.one = least(s, r) AND k.other = greatest(s, r);
        IF c IS NULL THEN
          INSERT INTO conversations (one, other) VALUES (least(s, r), greatest(s, r)) RETURNING conversation INTO c;
          INSERT INTO members (user_id, conversation, position) VALUES (s, c, 0), (r, c, 0);
        END IF;
      END IF;
      SELECT m.seq, m.body INTO old FROM messages m WHERE m.id = ids[i] AND m.sender = s AND m.conversation = c;
      IF FOUND THEN
        seq := CASE WHEN old.body = bodies[i] THEN old.seq ELSE -1 END;
        duplicate := true;
      ELSE
        place := nextval('positions');
        UPDATE conversations k SET head = head + 1 WHERE k.conversation = c RETURNING head INTO seq;
        INSERT INTO messages VALUES (c, seq, s, now_ms, sent[i], ids[i], bodies[i]);
        UPDATE members m SET position = place, own = own + (m.user_id = s)::integer WHERE m.conversation = c;
        duplicate := false;
      END IF;
      RETURN NEXT;
    END LOOP;
  END $$;`

export const STATEMENTS = {
  send: { name: 'send', text: 'SELECT seq, duplicate FROM send_group($1, $2, $3, $4, $5, $6)' },
  list: {
    name: 'list',
    text: `SELECT m.conversation, p.name AS peer, k.head, m.own, m.read_seq, m.read_own, u.name, x.ts, x.sent_at, x.id, x.body
           FROM (SELECT * FROM members
                 WHERE user_id = (SELECT user_id FROM users WHERE name = $1) ORDER BY position DESC LIMIT $2) m
           JOIN conversations k ON k.conversation = m.conversation
           LEFT JOIN users p ON p.user_id = k.one + k.other - m.user_id
           LEFT JOIN messages x ON x.conversation = k.conversation AND x.seq = k.head
           LEFT JOIN users u ON u.user_id = x.sender
           ORDER BY m.position DESC`,
  },
  page: {
    name: 'page',
    text: `SELECT x.seq, u.name, x.ts, x.sent_at, x.id, x.body
           FROM (SELECT * FROM messages WHERE conversation = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4) x
           JOIN users u ON u.user_id = x.sender
           WHERE EXISTS (SELECT 1 FROM members
                         WHERE conversation = $2 AND user_id = (SELECT user_id FROM users WHERE name = $1))
           ORDER BY x.seq DESC`,
  },
  member: {
    name: 'member',
    text: `SELECT 1 FROM members
           WHERE conversation = $2 AND user_id = (SELECT user_id FROM users WHERE name = $1)`,
  },
  mark: {
    name: 'mark',
    text: `UPDATE members m SET read_seq = t.seq, read_own = m.own - (
             SELECT count(*) FROM messages x WHERE x.conversation = $2 AND x.seq > t.seq AND x.sender = m.user_id)
           FROM (SELECT least($3, head) AS seq FROM conversations WHERE conversation = $2) t
           WHERE m.conversation = $2 AND m.user_id = (SELECT user_id FROM users WHERE name = $1) AND m.read_seq < t.seq`,
  },
  direct: {
    name: 'direct',
    text: `SELECT k.conversation FROM conversations k, users a, users b
           WHERE a.name = $1 AND b.name = $2
             AND k.one = least(a.user_id, b.user_id) AND k.other = greatest(a.user_id, b.user_id)`,
  },
  addUsers: {
    name: 'add-users',
    text: 'INSERT INTO users (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING',
  },
  addGroup: {
    name: 'add-group',
    text: `WITH k AS (INSERT INTO conversations (one, other) VALUES (NULL, NULL) RETURNING conversation),
           m AS (INSERT INTO members (user_id, conversation, position)
                 SELECT u.user_id, k.conversation, nextval('positions') FROM users u, k WHERE u.name = ANY ($1::text[]))
           SELECT conversation FROM k`,
  },
} as const
