"""The steps of a `RedisStore` as Lua, each atomic; `MemoryStore` does the same. Times are Redis's milliseconds.

One hash holds all of a user, and only a user's own fields are ever read. Its fields: `g` id of the last revocation of
the user, `d:{device}` of a device, `v:{slot}` version, `r:{slot}` "end ticket secret", `l:{slot}` "beginning end
ticket" of the lease, `s:{session id}` "end slot", `t:{ticket}` "end slot" of a creation, `n` "end count" of the minute.
"""

from __future__ import annotations

from ._store import KEPT_S, MOST_DEVICES, SESSION_LIFE_S, WINDOW_S

_COMMON = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key = KEYS[1]
local LIFE, KEPT, WINDOW = {SESSION_LIFE_S * 1000:.0f}, {KEPT_S * 1000:.0f}, {WINDOW_S * 1000:.0f}
local function text(number) return string.format('%.0f', number) end
local function get(field) return redis.call('HGET', key, field) or '' end
local function set(field, value) redis.call('HSET', key, field, value) end
local function drop(field) redis.call('HDEL', key, field) end
local function first(value) return tonumber(string.match(value, '^%d+') or '0') end
local function generation(device) return get('g') .. '/' .. get('d:' .. device) end
local function lease(slot)
    local since, ends, ticket = string.match(get('l:' .. slot), '^(%d+) (%d+) (%S+)$')
    return tonumber(since or '0'), tonumber(ends or '0'), ticket or ''
end
local function minute()
    local ends, count = string.match(get('n'), '^(%d+) (%d+)$')
    return tonumber(ends or '0'), tonumber(count or '0')
end
local function end_creation(ticket, slot)
    local _, _, holder = lease(slot)
    if holder == ticket then drop('l:' .. slot) end
    drop('t:' .. ticket)
end
local function each(visit)
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do visit(string.sub(all[i], 1, 2), string.sub(all[i], 3), all[i + 1], all[i]) end
end
local function drop_expired()
    each(function(kind, _, value, field)
        local ends = first(value)
        if kind == 't:' then ends = ends + LIFE end
        if (kind == 't:' or kind == 's:' or kind == 'r:') and ends <= now then drop(field) end
    end)
end
"""

# ARGV: device, slot, ticket, lease, is shared, is a renewal, margin, unsuitable ticket, per minute or -1.
BEGIN = f"""{_COMMON}
local device, slot, ticket, is_shared, most = ARGV[1], ARGV[2], ARGV[3], ARGV[5] == '1', tonumber(ARGV[9])
local ends, creator, secret = string.match(get('r:' .. slot), '^(%d+) (%S+) (%S+)$')
local left = tonumber(ends or '0') - now
local function reply(status, ms)
    local seen = left > 0 and {{text(left), creator, secret}} or {{'0', '', ''}}
    return {{generation(device), get('v:' .. slot), seen[1], seen[2], seen[3], status, text(ms)}}
end
if get('t:' .. ticket) ~= '' then return reply('go', 0) end
if is_shared then
    local is_wanted = ARGV[6] == '0' and creator ~= ARGV[8]
    if is_wanted and left > tonumber(ARGV[7]) then return reply('found', 0) end
    local since, lease_ends = lease(slot)
    if lease_ends > now then return reply('wait', now - since) end
end
local window_ends, count = minute()
if window_ends <= now then
    window_ends, count = now + WINDOW, 0
    drop_expired()
end
if most >= 0 and count >= most then return reply('limited', window_ends - now) end
set('n', text(window_ends) .. ' ' .. text(count + 1))
local lapses = text(now + tonumber(ARGV[4]))
set('t:' .. ticket, lapses .. ' ' .. slot)
if is_shared then set('l:' .. slot, text(now) .. ' ' .. lapses .. ' ' .. ticket) end
redis.call('PEXPIRE', key, KEPT)
return reply('go', 0)
"""

# ARGV: device, slot, ticket, session id, life, secret or '', is a renewal, generation and version at the beginning.
KEEP = f"""{_COMMON}
local device, slot, ticket, session = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local ends = text(now + tonumber(ARGV[5]))
local earlier = {{}}
if ARGV[7] == '1' then
    if get('v:' .. slot) ~= ticket then drop('r:' .. slot) end
    set('v:' .. slot, ticket)
    each(function(kind, name, value)
        local is_here = string.match(value, '^%d+ (%S+)$') == slot
        if kind == 's:' and is_here and first(value) > now and name ~= session then earlier[#earlier + 1] = name end
    end)
end
local found, version = generation(device), get('v:' .. slot)
local _, _, holder = lease(slot)
if ARGV[6] ~= '' and holder == ticket and found == ARGV[8] and (version == ARGV[9] or version == ticket) then
    set('r:' .. slot, ends .. ' ' .. ticket .. ' ' .. ARGV[6])
end
set('s:' .. session, ends .. ' ' .. slot)
end_creation(ticket, slot)
redis.call('PEXPIRE', key, KEPT)
return {{found, version, earlier}}
"""

# ARGV: device, slot, ticket, whether the API may have created a session.
FAIL = f"""{_COMMON}
local slot, ticket = ARGV[2], ARGV[3]
local held = get('t:' .. ticket)
if held ~= '' then
    local ends, count = minute()
    if count > 0 and first(held) > now then set('n', text(ends) .. ' ' .. text(count - 1)) end
    end_creation(ticket, slot)
    if ARGV[4] == '1' then set('t:' .. ticket, text(now) .. ' ' .. slot) end
end
return 0
"""

# ARGV: id of the revocation, the device or ''.
REVOKE = f"""{_COMMON}
local revocation, device, ids, has_lapsed = ARGV[1], ARGV[2], {{}}, '0'
set(device == '' and 'g' or 'd:' .. device, revocation)
drop_expired()
if redis.call('HLEN', key) > {MOST_DEVICES} then
    set('g', revocation)
    each(function(kind, _, _, field) if kind == 'd:' or kind == 'v:' then drop(field) end end)
end
local function is_of(slot) return device == '' or string.sub(slot, 1, #device + 1) == device .. '.' end
each(function(kind, name, value, field)
    local slot = string.match(value, '^%d+ (%S+)$') or ''
    if (kind == 'r:' or kind == 'l:') and is_of(name) then drop(field) end
    if kind == 's:' and is_of(slot) then ids[#ids + 1] = name end
    if kind == 't:' and is_of(slot) and first(value) <= now then has_lapsed = '1' end
end)
redis.call('PEXPIRE', key, KEPT)
return {{has_lapsed, ids}}
"""

# KEYS[1]: the state of all users.
# ARGV[1]: the epoch that this process knows, or ''. Another epoch in Redis means that Redis lost its data.
# ARGV[2]: the epoch to write where Redis has none.
# ARGV[3]: milliseconds from now for which sessions may be missing, or 0.
# ARGV[4]: the same, if Redis lost its data.
# ARGV[5]: milliseconds after which Redis drops this state.
STATE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.pcall('HMGET', KEYS[1], 'epoch', 'gap_ends')
if held.err then
    redis.call('DEL', KEYS[1])
    held = {}
end
local epoch, gap_ends = held[1], tonumber(held[2] or '0') or 0
local gap = tonumber(ARGV[3])
if not epoch then
    epoch = ARGV[2]
    redis.call('HSET', KEYS[1], 'epoch', epoch)
end
if ARGV[1] ~= '' and ARGV[1] ~= epoch then gap = math.max(gap, tonumber(ARGV[4])) end
if gap > 0 and now + gap > gap_ends then
    gap_ends = now + gap
    redis.call('HSET', KEYS[1], 'gap_ends', string.format('%.0f', gap_ends))
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return {string.format('%.0f', now), epoch, string.format('%.0f', math.max(0, gap_ends - now))}
"""
