//! The changes of guests as scripts: each is one atomic step on one server, and finding itself done already answers again.
//!
//! A guest is one hash, so that an eviction takes all of it or nothing. Its fields: `r` the record as it began, without its
//! key; `k` the sealed key; `t` when it was seen; `i` and `e` its limits; `d`, `n` and `b` the version, slots and bytes of its
//! data; `o` the last operations with what came of them; `v:` and `s:` with a name, a slot's version and value. A tombstone is
//! a second hash with `r`, `t`, `d` and the ending `x`. Times are milliseconds as the core tells them; how long a key lives is
//! always what is left, so no clock of Redis takes part.

use std::sync::LazyLock;

/// A script, sent by its hash where the server knows it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) text: String,
    pub(super) hash: String,
}

/// Arguments: operation, record, key, seen, idle, expires, what is left, most slots, most bytes, then writes.
pub(super) static BEGIN: LazyLock<Script> = LazyLock::new(|| script(BEGIN_TEXT));
/// Arguments: operation, when, most slots, most bytes, then writes.
pub(super) static WRITE: LazyLock<Script> = LazyLock::new(|| script(WRITE_TEXT));
/// Arguments: seen.
pub(super) static TOUCH: LazyLock<Script> = LazyLock::new(|| script(TOUCH_TEXT));
/// Arguments: expected version or nothing, ending, when.
pub(super) static END: LazyLock<Script> = LazyLock::new(|| script(END_TEXT));

pub(super) const MISSING: i64 = -1;
pub(super) const OVER: i64 = -2;
pub(super) const MOVED: i64 = -3;
pub(super) const TAKEN: i64 = -4;
pub(super) const FULL: i64 = -5;

fn script(own: &str) -> Script {
    let text = format!("{COMMON}{own}");
    let hash = redis::Script::new(&text).get_hash().to_owned();
    Script { text, hash }
}

/// A write is five arguments: name, what is expected (`a`bsent, `p`resent, `w`hatever, `v`ersion), the version, whether there
/// is a value, the value. Everything is looked at before anything is changed, for a script is not undone.
const COMMON: &str = r"
local live, stone = KEYS[1], KEYS[2]
local MISSING, OVER, MOVED, TAKEN, FULL = -1, -2, -3, -4, -5

local function answered(operations, operation)
    local _, last = string.find(operations, operation .. '=', 1, true)
    if not last then return nil end
    return tonumber(string.match(operations, '^(%d+);', last + 1))
end

local function noted(operations, operation, version)
    local all = operations .. operation .. '=' .. version .. ';'
    while #all > 1024 do all = string.sub(all, (string.find(all, ';', 1, true)) + 1) end
    return all
end

local function planned(first, slots, bytes, most_slots, most_bytes)
    local known, order = {}, {}
    for i = first, #ARGV, 5 do
        local name, kind, wanted, has, value = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
        local slot = known[name]
        if not slot then
            local version = redis.call('HGET', live, 'v:' .. name)
            slot = { version = version, size = version and redis.call('HSTRLEN', live, 's:' .. name) }
            known[name] = slot
            order[#order + 1] = name
        end
        if kind == 'a' and slot.version then return TAKEN end
        if (kind == 'p' or kind == 'v') and not slot.version then return MISSING end
        if kind == 'v' and slot.version ~= wanted then return MOVED end
        local counts = name == 'OPERATIONS' and 0 or 1
        if slot.version then slots, bytes = slots - counts, bytes - #name - slot.size end
        if has == '1' then
            slots, bytes = slots + counts, bytes + #name + #value
            slot.version, slot.size, slot.value = 'new', #value, value
        else
            slot.version, slot.size, slot.value = false, 0, nil
        end
    end
    if slots > tonumber(most_slots) or bytes > tonumber(most_bytes) then return FULL end
    return nil, known, order, slots, bytes
end

local function kept(known, order, version)
    for _, name in ipairs(order) do
        local value = known[name].value
        if value then
            redis.call('HSET', live, 'v:' .. name, version, 's:' .. name, value)
        else
            redis.call('HDEL', live, 'v:' .. name, 's:' .. name)
        end
    end
end

local function absent()
    if redis.call('EXISTS', stone) == 1 then return OVER end
    return MISSING
end
";

const BEGIN_TEXT: &str = r"
if redis.call('EXISTS', live) == 1 then
    return answered(redis.call('HGET', live, 'o'), ARGV[1]) or TAKEN
end
if redis.call('EXISTS', stone) == 1 then return TAKEN end
local refused, known, order, slots, bytes = planned(10, 0, 0, ARGV[8], ARGV[9])
if refused then return refused end
redis.call('HSET', live, 'r', ARGV[2], 'k', ARGV[3], 't', ARGV[4], 'i', ARGV[5], 'e', ARGV[6],
    'd', '1', 'n', slots, 'b', bytes, 'o', noted('', ARGV[1], '1'))
kept(known, order, '1')
redis.call('PEXPIRE', live, ARGV[7])
return 1
";

const WRITE_TEXT: &str = r"
local guest = redis.call('HMGET', live, 't', 'i', 'e', 'd', 'n', 'b', 'o')
if not guest[1] then return absent() end
local before = answered(guest[7], ARGV[1])
if before then return before end
if tonumber(ARGV[2]) >= math.min(tonumber(guest[1]) + tonumber(guest[2]), tonumber(guest[3])) then return OVER end
local refused, known, order, slots, bytes = planned(5, tonumber(guest[5]), tonumber(guest[6]), ARGV[3], ARGV[4])
if refused then return refused end
local version = string.format('%.0f', tonumber(guest[4]) + 1)
redis.call('HSET', live, 'd', version, 'n', slots, 'b', bytes, 'o', noted(guest[7], ARGV[1], version))
kept(known, order, version)
return tonumber(version)
";

const TOUCH_TEXT: &str = r"
local guest = redis.call('HMGET', live, 't', 'i', 'e', 'd')
if not guest[1] then return absent() end
local seen, idle, expires = tonumber(ARGV[1]), tonumber(guest[2]), tonumber(guest[3])
if seen >= math.min(tonumber(guest[1]) + idle, expires) then return OVER end
if seen > tonumber(guest[1]) then
    redis.call('HSET', live, 't', ARGV[1])
    redis.call('PEXPIRE', live, string.format('%.0f', math.min(idle, expires - seen)))
end
return tonumber(guest[4])
";

const END_TEXT: &str = r"
local guest = redis.call('HMGET', live, 'r', 't', 'e', 'd')
if not guest[1] then
    local version = redis.call('HGET', stone, 'd')
    if version then return tonumber(version) end
    return MISSING
end
if ARGV[1] ~= '' and ARGV[1] ~= guest[4] then return MOVED end
redis.call('DEL', live)
redis.call('HSET', stone, 'r', guest[1], 't', guest[2], 'd', guest[4], 'x', ARGV[2])
redis.call('PEXPIRE', stone, string.format('%.0f', math.max(1, tonumber(guest[3]) - tonumber(ARGV[3]))))
return tonumber(guest[4])
";
