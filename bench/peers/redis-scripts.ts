/**
 * Keys: `messages:C` list, `ids:C` hash of sender and id to seq, `own:C` and `read:C` hashes by user, `readown:C` own
 * messages up to the read position, `members:C` set (groups only), `inbox:U` sorted set of conversations by position.
 */
export const SEND = `
  local fields = tonumber(ARGV[1])
  local answers = {}
  for at = 3, #ARGV, fields do
    local c, sender, receiver, id, row = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
    local field = sender .. '\\0' .. id
    local known = redis.call('HGET', 'ids:' .. c, field)
    if known then
      local old = cjson.decode(redis.call('LINDEX', 'messages:' .. c, tonumber(known) - 1))
      answers[#answers + 1] = old[5] == cjson.decode(row)[5] and tonumber(known) or -1
      answers[#answers + 1] = 1
    else
      local seq = redis.call('RPUSH', 'messages:' .. c, row)
      redis.call('HSET', 'ids:' .. c, field, seq)
      redis.call('HINCRBY', 'own:' .. c, sender, 1)
      local place = redis.call('INCR', 'position')
      if receiver ~= '' then
        redis.call('ZADD', 'inbox:' .. sender, place, c)
        redis.call('ZADD', 'inbox:' .. receiver, place, c)
      else
        for _, member in ipairs(redis.call('SMEMBERS', 'members:' .. c)) do redis.call('ZADD', 'inbox:' .. member, place, c) end
      end
      answers[#answers + 1] = seq
      answers[#answers + 1] = 0
    end
  end
  return answers`

export const MARK = `
  local user, c = ARGV[1], ARGV[2]
  local head = redis.call('LLEN', 'messages:' .. c)
  local target = math.min(tonumber(ARGV[3]), head)
  if target <= tonumber(redis.call('HGET', 'read:' .. c, user) or 0) then return 0 end
  local own = tonumber(redis.call('HGET', 'own:' .. c, user) or 0)
  if target < head then
    for _, row in ipairs(redis.call('LRANGE', 'messages:' .. c, target, -1)) do
      if cjson.decode(row)[4] == user then own = own - 1 end
    end
  end
  redis.call('HSET', 'read:' .. c, user, target)
  redis.call('HSET', 'readown:' .. c, user, own)
  return 1`

export const LIST = `
  local user = ARGV[1]
  local answers = {}
  for _, c in ipairs(redis.call('ZREVRANGE', 'inbox:' .. user, 0, tonumber(ARGV[2]) - 1)) do
    local head = redis.call('LLEN', 'messages:' .. c)
    local read = tonumber(redis.call('HGET', 'read:' .. c, user) or 0)
    local own = tonumber(redis.call('HGET', 'own:' .. c, user) or 0)
    local readown = tonumber(redis.call('HGET', 'readown:' .. c, user) or 0)
    local first, second = string.match(c, '^d:([^:]*):([^:]*)$')
    local peer = first == user and second or first or ''
    local newest = head > 0 and redis.call('LINDEX', 'messages:' .. c, -1) or ''
    answers[#answers + 1] = { c, peer, tostring(head), tostring(head - own - (read - readown)), tostring(read), newest }
  end
  return answers`

export const PAGE = `
  local user, c, before, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
  local first, second = string.match(c, '^d:([^:]*):([^:]*)$')
  if first ~= user and second ~= user and redis.call('SISMEMBER', 'members:' .. c, user) == 0 then return false end
  local head = redis.call('LLEN', 'messages:' .. c)
  local last = before > 0 and math.min(before - 1, head) or head
  local begin = math.max(1, last - limit + 1)
  local rows = redis.call('LRANGE', 'messages:' .. c, begin - 1, last - 1)
  table.insert(rows, 1, tostring(begin))
  return rows`
