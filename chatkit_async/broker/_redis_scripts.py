"""The steps of a `RedisStore` as Lua, each atomic. One hash holds all of a user; times are Redis's milliseconds.

Fields: `g` mark of the user, `d:{device}` of a device, `v:{slot}` version, `r:{slot}` "end ticket record", `l:{slot}`
"beginning end ticket" of the lease, `s:{session id}` "end slot", `t:{ticket}` "when its creator counts as stopped,
slot", `n` "end count" of the minute. Only a user's own fields are ever read.
"""

from __future__ import annotations

import hashlib
from functools import cache

from ._store import ANY_RECORD, KEPT_S, SESSION_LIFE_S, WINDOW_S


@cache
def sha_of(script: str) -> str:
    """The hash by which Redis knows a script."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


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
local function record(slot)
    local ends, ticket, sealed = string.match(get('r:' .. slot), '^(%d+) (%S+) (%S+)$')
    ends = tonumber(ends or '0')
    if ends <= now then return 0, '', '' end
    return ends, ticket, sealed
end
local function lease(slot)
    local since, ends, ticket = string.match(get('l:' .. slot), '^(%d+) (%d+) (%S+)$')
    return tonumber(since or '0'), tonumber(ends or '0'), ticket or ''
end
local function end_ticket(ticket, slot)
    local _, _, held = lease(slot)
    if held == ticket then drop('l:' .. slot) end
    drop('t:' .. ticket)
end
local function each(visit)
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do visit(string.sub(all[i], 1, 2), string.sub(all[i], 3), all[i + 1], all[i]) end
end
local function sweep()
    each(function(kind, _, value, field)
        local ends = first(value)
        if kind == 't:' then ends = ends + LIFE end
        if (kind == 't:' or kind == 's:' or kind == 'r:') and ends <= now then drop(field) end
    end)
end
"""

# ARGV: device, slot, ticket, lease, is shared, margin, unsuitable ticket, replaced ticket, per minute or -1.
BEGIN = f"""{_COMMON}
local device, slot, ticket, replaced, most = ARGV[1], ARGV[2], ARGV[3], ARGV[8], tonumber(ARGV[9])
local ends, maker, sealed = record(slot)
local function reply(status, ms)
    local left = math.max(0, ends - now)
    return {{generation(device), get('v:' .. slot), text(left), maker, sealed, status, text(ms)}}
end
local has_begun = get('t:' .. ticket) ~= ''
if not has_begun then
    if ARGV[5] == '1' then
        local is_wanted = ARGV[7] ~= '{ANY_RECORD}' and ARGV[7] ~= maker
        if is_wanted and ends - now > tonumber(ARGV[6]) then return reply('found', 0) end
        local since, lease_ends, holder = lease(slot)
        if lease_ends > now and holder ~= ticket and holder ~= replaced then return reply('wait', now - since) end
    end
    local window, count = string.match(get('n'), '^(%d+) (%d+)$')
    window, count = tonumber(window or '0'), tonumber(count or '0')
    if window <= now then
        window, count = now + WINDOW, 0
        sweep()
    end
    if most >= 0 and count >= most then return reply('limited', window - now) end
    if replaced ~= '' and get('t:' .. replaced) ~= '' then set('t:' .. replaced, text(now) .. ' ' .. slot) end
    set('n', text(window) .. ' ' .. text(count + 1))
    local lapses = text(now + tonumber(ARGV[4]))
    set('t:' .. ticket, lapses .. ' ' .. slot)
    if ARGV[5] == '1' then set('l:' .. slot, text(now) .. ' ' .. lapses .. ' ' .. ticket) end
    redis.call('PEXPIRE', key, KEPT)
end
return reply('go', 0)
"""

# ARGV: device, slot, ticket, session id, life, generation and version at the beginning, record or '', is a renewal.
KEEP = f"""{_COMMON}
local device, slot, ticket, session = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local ends = text(now + tonumber(ARGV[5]))
local others = {{}}
if ARGV[9] == '1' then
    if get('v:' .. slot) ~= ticket then drop('r:' .. slot) end
    set('v:' .. slot, ticket)
    each(function(kind, name, value)
        local is_here = string.match(value, '^%d+ (%S+)$') == slot
        if kind == 's:' and is_here and first(value) > now and name ~= session then others[#others + 1] = name end
    end)
end
local found, version = generation(device), get('v:' .. slot)
local _, _, holder = lease(slot)
if ARGV[8] ~= '' and holder == ticket and found == ARGV[6] and (version == ARGV[7] or version == ticket) then
    set('r:' .. slot, ends .. ' ' .. ticket .. ' ' .. ARGV[8])
end
set('s:' .. session, ends .. ' ' .. slot)
end_ticket(ticket, slot)
redis.call('PEXPIRE', key, KEPT)
return {{found, version, others}}
"""

# ARGV: slot, ticket, whether the API may have made a session.
FAIL = f"""{_COMMON}
local slot, ticket = ARGV[1], ARGV[2]
if get('t:' .. ticket) ~= '' then
    local window, count = string.match(get('n'), '^(%d+) (%d+)$')
    if window and tonumber(count) > 0 then set('n', window .. ' ' .. text(tonumber(count) - 1)) end
    end_ticket(ticket, slot)
    if ARGV[3] == '1' then set('t:' .. ticket, text(now) .. ' ' .. slot) end
end
return 0
"""

# ARGV: the new mark, the device or ''.
REVOKE = f"""{_COMMON}
local mark, device, ids, has_stopped = ARGV[1], ARGV[2], {{}}, '0'
set(device == '' and 'g' or 'd:' .. device, mark)
local function is_of(slot) return device == '' or string.sub(slot, 1, #device + 1) == device .. '.' end
sweep()
each(function(kind, name, value, field)
    local slot = string.match(value, '^%d+ (%S+)$') or ''
    if (kind == 'r:' or kind == 'l:') and is_of(name) then drop(field) end
    if kind == 's:' and is_of(slot) then ids[#ids + 1] = name end
    if kind == 't:' and is_of(slot) and first(value) <= now then has_stopped = '1' end
end)
redis.call('PEXPIRE', key, KEPT)
return {{has_stopped, ids}}
"""

# KEYS: the state of all users. ARGV: the epoch that this process knows or '', a new one, for how long from now sessions
# may be missing, and for how long if the epoch has changed, which means that Redis lost its data; and for
# how long the state is kept.
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

ALL = (BEGIN, KEEP, FAIL, REVOKE, STATE)
