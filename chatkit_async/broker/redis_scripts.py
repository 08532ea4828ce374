"""The steps of a `RedisStore` as Lua, each atomic. Times are milliseconds; ids are in a sorted set by their end."""

from __future__ import annotations

import hashlib

import attrs


@attrs.frozen
class Script:
    """A Lua script and what Redis calls it by."""

    text: str
    sha: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


_CLOCK = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
_LIVE = f"""{_CLOCK}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
"""

# KEYS: the user's generation, the device's, the record. ARGV: a new generation, its life.
READ = Script("""
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]) or '', redis.call('GET', KEYS[3]) or ''}
""")

# KEYS: the ids, the user's generation, the device's, the record.
# ARGV: device and id, life, the two generations, the record or '', its life, life of a generation.
KEEP = Script(f"""{_LIVE}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.max(redis.call('PTTL', KEYS[1]), ARGV[2]))
redis.call('PEXPIRE', KEYS[2], ARGV[7])
local user, device = redis.call('GET', KEYS[2]) or '', redis.call('GET', KEYS[3]) or ''
if ARGV[5] ~= '' and user == ARGV[3] and device == ARGV[4] then
    redis.call('SET', KEYS[4], ARGV[5], 'PX', ARGV[6])
end
return {{user, device}}
""")

# KEYS: the ids.
SESSIONS = Script(f"""{_LIVE}
return redis.call('ZRANGE', KEYS[1], 0, -1)
""")

# KEYS: the ids, a generation. ARGV: the new generation, its life.
REVOKE = Script(f"""{_LIVE}
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)
""")

# KEYS: the ids. ARGV: the ids to drop; a member of the set is a device, a blank and an id.
FORGET = Script("""
local gone = {}
for _, id in ipairs(ARGV) do gone[id] = true end
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if gone[string.match(member, ' (.*)$')] then redis.call('ZREM', KEYS[1], member) end
end
return 0
""")

# KEYS: the counter. ARGV: the window.
COUNT = Script("""
local number = redis.call('INCR', KEYS[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {number, redis.call('PTTL', KEYS[1])}
""")

# KEYS: the lease. ARGV: the holder, the lease's length.
LEASE = Script("""
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
""")

# KEYS: a user's. Drops those that hold something else than ours do: a script has failed at it, and would again.
CLEAN = Script("""
for _, key in ipairs(KEYS) do
    local kind = redis.call('TYPE', key).ok
    local is_ours = kind == (string.match(key, ':sessions$') and 'zset' or 'string')
    if is_ours and string.match(key, ':minted$') then is_ours = tonumber(redis.call('GET', key)) end
    if not is_ours then redis.call('DEL', key) end
end
return 0
""")

# KEYS: the lease. ARGV: the holder.
RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
""")
