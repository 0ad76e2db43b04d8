"""Every reason the program may give. A code is never renamed, renumbered or reused."""

from enum import StrEnum


class Reason(StrEnum):
    DATA_LINK_UP = "DATA_LINK_UP"  # feed connected and subscribed
    DATA_LINK_DOWN = "DATA_LINK_DOWN"  # feed lost or dropped by us
    DATA_STALE = "DATA_STALE"  # no update within the limit
    DATA_FROZEN = "DATA_FROZEN"  # stream alive, values unchanged too long
    DATA_GAP = "DATA_GAP"  # sequence or time hole
    DATA_SEQUENCE = "DATA_SEQUENCE"  # duplicate or older than last
    DATA_BAD_VALUE = "DATA_BAD_VALUE"  # NaN, Inf, sign, off-tick price or bad size
    DATA_CROSSED = "DATA_CROSSED"  # bid >= ask
    DATA_OUTLIER = "DATA_OUTLIER"  # outside data collar
    DATA_MALFORMED = "DATA_MALFORMED"  # unparsable, oversize, too deep
    DATA_CONFLATED = "DATA_CONFLATED"  # quotes merged under load
    DATA_CONTRACT_ROLL = "DATA_CONTRACT_ROLL"  # instrument or its terms changed
    DATA_CONDITIONS = "DATA_CONDITIONS"  # range and volume of the last minute, and what is normal
    DATA_MARK = "DATA_MARK"  # the price at which the position could be closed changed

    BAR_CLOSED = "BAR_CLOSED"  # complete bar published
    BAR_PARTIAL = "BAR_PARTIAL"  # closed with a known gap or no trades
    BAR_REVISED = "BAR_REVISED"  # vendor changed a published bar
    BAR_LATE = "BAR_LATE"  # closed after its deadline

    FEAT_WARMUP = "FEAT_WARMUP"  # not enough history
    FEAT_NONFINITE = "FEAT_NONFINITE"  # NaN/Inf in a feature
    FEAT_RANGE = "FEAT_RANGE"  # outside the training range
    FEAT_SCHEMA = "FEAT_SCHEMA"  # names, order or hash differ from the model
    FEAT_READY = "FEAT_READY"  # all features computed from enough history

    INFER_TIMEOUT = "INFER_TIMEOUT"  # over the deadline
    INFER_ERROR = "INFER_ERROR"  # runtime raised
    INFER_NONFINITE = "INFER_NONFINITE"  # output NaN/Inf or shape wrong
    INFER_MODEL_HASH = "INFER_MODEL_HASH"  # file or loaded bytes differ from the pin
    INFER_DONE = "INFER_DONE"  # the model answered

    SIG_NEW = "SIG_NEW"  # target changed
    SIG_HOLD = "SIG_HOLD"  # no change wanted
    SIG_EXPIRED = "SIG_EXPIRED"  # older than its TTL
    SIG_SUPERSEDED = "SIG_SUPERSEDED"  # newer signal of same key won
    SIG_BLOCKED = "SIG_BLOCKED"  # session, fence or state forbids it
    SIG_LOW_CONFIDENCE = "SIG_LOW_CONFIDENCE"  # the model is less sure than the threshold
    SIG_COOLDOWN = "SIG_COOLDOWN"  # too soon after the last exit
    SIG_IN_POSITION = "SIG_IN_POSITION"  # the position held is the one wanted
    SIG_PENDING = "SIG_PENDING"  # an order of ours is still on its way
    SIG_MIN_HOLD = "SIG_MIN_HOLD"  # the position is too young to be left for a signal
    SIG_NO_CROSS = "SIG_NO_CROSS"  # the averages did not cross at this bar
    SIG_FLAT_WANTED = "SIG_FLAT_WANTED"  # the model expects no move

    RISK_PASS = "RISK_PASS"  # all controls passed
    RISK_MAX_QTY = "RISK_MAX_QTY"  # order size limit
    RISK_MAX_VALUE = "RISK_MAX_VALUE"  # order value limit or no reference price
    RISK_COLLAR = "RISK_COLLAR"  # price outside collar
    RISK_COLLAR_DRIFT = "RISK_COLLAR_DRIFT"  # series of orders drifting one way
    RISK_MAX_POSITION = "RISK_MAX_POSITION"  # worst-case position limit
    RISK_MAX_OPEN_ORDERS = "RISK_MAX_OPEN_ORDERS"  # count or notional of live orders
    RISK_CAPITAL = "RISK_CAPITAL"  # margin/balance missing, stale or short
    RISK_DAILY_LOSS = "RISK_DAILY_LOSS"  # day loss limit hit
    RISK_DRAWDOWN = "RISK_DRAWDOWN"  # trailing drawdown limit hit
    RISK_MAX_TRADES = "RISK_MAX_TRADES"  # trades per day reached
    RISK_THROTTLE_MSG = "RISK_THROTTLE_MSG"  # message budget used
    RISK_THROTTLE_REPEAT = "RISK_THROTTLE_REPEAT"  # strategy repeated too often
    RISK_DUPLICATE = "RISK_DUPLICATE"  # same order from another intent, or intent resent
    RISK_NOT_ALLOWED = "RISK_NOT_ALLOWED"  # instrument, venue or account not listed
    RISK_SESSION_CLOSED = "RISK_SESSION_CLOSED"  # outside window or unknown day
    RISK_STALE_DATA = "RISK_STALE_DATA"  # no fresh quote
    RISK_CLOCK_SKEW = "RISK_CLOCK_SKEW"  # skew unknown or too large
    RISK_SELF_CROSS = "RISK_SELF_CROSS"  # would meet our own order
    RISK_UNKNOWN_PENDING = "RISK_UNKNOWN_PENDING"  # an UNKNOWN order is unresolved
    RISK_NAKED = "RISK_NAKED"  # position without resting stop too long
    RISK_KILL = "RISK_KILL"  # kill switch active
    RISK_STATE_CHANGE = "RISK_STATE_CHANGE"  # ACTIVE/REDUCING/FLATTEN_ONLY/HALTED moved
    RISK_REARMED = "RISK_REARMED"  # human re-enabled, with name and reason
    RISK_TRADE_TOO_LARGE = "RISK_TRADE_TOO_LARGE"  # planned loss of one trade over its limit
    RISK_LOSSES_IN_ROW = "RISK_LOSSES_IN_ROW"  # so many losses in a row: a pause
    RISK_DRB = "RISK_DRB"  # planned loss over what is left of the dynamic risk budget
    RISK_DRB_OVER = "RISK_DRB_OVER"  # the open position may lose more than the room left
    RISK_ACCOUNT_DRAWDOWN = "RISK_ACCOUNT_DRAWDOWN"  # equity too far below its high-water mark
    RISK_MIN_BALANCE = "RISK_MIN_BALANCE"  # balance under the minimum
    ORD_STOP_MOVED = "ORD_STOP_MOVED"  # the protective stop goes nearer to the market
    RISK_SIZE_TIER = "RISK_SIZE_TIER"  # contracts that the balance allows
    RISK_SIZE_STAKE = "RISK_SIZE_STAKE"  # contracts that percentage and confidence allow
    RISK_SIZE_TRADE = "RISK_SIZE_TRADE"  # contracts that the limit of one trade allows
    RISK_SIZE_FACTOR = "RISK_SIZE_FACTOR"  # contracts after the reductions of market and hour
    RISK_SIZE_BUDGET = "RISK_SIZE_BUDGET"  # contracts that the dynamic risk budget allows
    RISK_SPREAD = "RISK_SPREAD"  # the spread is too wide
    RISK_VOLATILITY = "RISK_VOLATILITY"  # the market's range is far over its normal
    RISK_VOLUME = "RISK_VOLUME"  # the market's volume is far under its normal
    RISK_NOT_AGREED = "RISK_NOT_AGREED"  # log and venue have not yet agreed
    RISK_PAUSED = "RISK_PAUSED"  # an operator paused entries
    RISK_STALE_BALANCE = "RISK_STALE_BALANCE"  # the venue has not told the balance for too long
    RISK_NOT_APPROVED = "RISK_NOT_APPROVED"  # an entry without an unused approval of risk
    RISK_ENABLED = "RISK_ENABLED"  # a named person re-enabled a strategy that was switched off
    RISK_FLATTENING = "RISK_FLATTENING"  # a flatten is under way
    RISK_PROP_LOSS = "RISK_PROP_LOSS"  # the firm's maximum-loss limit, worst case included
    RISK_PROP_DAY = "RISK_PROP_DAY"  # the firm's daily loss limit, worst case included
    RISK_PROP_SIZE = "RISK_PROP_SIZE"  # more contracts than the firm allows at this profit
    RISK_PROP_TARGET = "RISK_PROP_TARGET"  # the firm's profit target is reached
    RISK_PROP_CONSISTENCY = "RISK_PROP_CONSISTENCY"  # the day made its share of the target
    RISK_FOLIO_VALUE = "RISK_FOLIO_VALUE"  # dollars that the portfolio is worth
    RISK_FOLIO_STAKE = "RISK_FOLIO_STAKE"  # dollars that value and signal allow
    RISK_FOLIO_CORRELATION = "RISK_FOLIO_CORRELATION"  # dollars beside what moves with what is held
    RISK_FOLIO_REGIME = "RISK_FOLIO_REGIME"  # dollars after the market's volatility
    RISK_FOLIO_POSITION = "RISK_FOLIO_POSITION"  # dollars that one coin may still take
    RISK_FOLIO_SECTOR = "RISK_FOLIO_SECTOR"  # dollars that its sector may still take
    RISK_FOLIO_MIN = "RISK_FOLIO_MIN"  # an order of fewer dollars is none
    RISK_FOLIO_LOTS = "RISK_FOLIO_LOTS"  # whole lots of those dollars
    RISK_FOLIO_CROWDED = "RISK_FOLIO_CROWDED"  # most of what is held is in few coins: a warning
    RISK_OVERSTAYED = "RISK_OVERSTAYED"  # a position or an order at a time at which none may be

    ORD_INTENT = "ORD_INTENT"  # durable, not yet sent
    ORD_SENT = "ORD_SENT"  # bytes handed to transport
    ORD_ACKED = "ORD_ACKED"  # venue accepted
    ORD_REJECTED = "ORD_REJECTED"  # structured venue refusal
    ORD_UNKNOWN = "ORD_UNKNOWN"  # timeout, drop, 5xx or parse failure after send
    ORD_NOT_PLACED = "ORD_NOT_PLACED"  # absence proven (V2)
    ORD_CANCEL_INTENT = "ORD_CANCEL_INTENT"  # durable cancel/replace wish
    ORD_CANCELED = "ORD_CANCELED"  # venue confirmed
    ORD_CANCEL_REJECTED = "ORD_CANCEL_REJECTED"  # too late or unknown at venue
    ORD_REPLACED = "ORD_REPLACED"  # venue confirmed new terms
    ORD_EXPIRED = "ORD_EXPIRED"  # time in force ended
    ORD_STOP_PLACED = "ORD_STOP_PLACED"  # protective stop resting
    ORD_OCO_BOTH_FILLED = "ORD_OCO_BOTH_FILLED"  # both exits executed
    ORD_ORPHAN = "ORD_ORPHAN"  # ours by tag, no live owner
    ORD_FOREIGN = "ORD_FOREIGN"  # not ours
    ORD_FLATTEN = "ORD_FLATTEN"  # close leg of a flatten

    FILL_APPLIED = "FILL_APPLIED"  # partial or full fill booked
    FILL_DUPLICATE = "FILL_DUPLICATE"  # same trade id seen
    FILL_LATE = "FILL_LATE"  # after a terminal state
    FILL_OVERFILL = "FILL_OVERFILL"  # sum above order quantity
    FILL_INFERRED = "FILL_INFERRED"  # built from venue position/orders, deterministic id

    REC_START = "REC_START"  # recovery began
    REC_WAL_TORN = "REC_WAL_TORN"  # tail cut, bytes kept aside
    REC_WAL_CORRUPT = "REC_WAL_CORRUPT"  # damage before valid data or bad chain
    REC_SNAPSHOT_BAD = "REC_SNAPSHOT_BAD"  # hash wrong, older one used
    REC_LOST_ACK = "REC_LOST_ACK"  # venue shows an order the log lacks
    REC_POSITION_DRIFT = "REC_POSITION_DRIFT"  # position differs from venue
    REC_ORDER_DRIFT = "REC_ORDER_DRIFT"  # order state differs from venue
    REC_QUERY_FAILED = "REC_QUERY_FAILED"  # venue answer missing; not read as flat
    REC_DONE = "REC_DONE"  # state agreed, counts attached
    REC_FAILED = "REC_FAILED"  # no agreement in time
    REC_SNAPSHOT = "REC_SNAPSHOT"  # the venue told its whole state
    REC_QUERY = "REC_QUERY"  # the venue is asked for its whole state

    SYS_START = "SYS_START"  # process start with all hashes
    SYS_READY = "SYS_READY"  # told systemd READY
    SYS_STOPPING = "SYS_STOPPING"  # signal or command received
    SYS_CLEAN_CLOSE = "SYS_CLEAN_CLOSE"  # flat, log closed
    SYS_NOT_FLAT = "SYS_NOT_FLAT"  # stopped with a position
    SYS_ACTOR_CRASH = "SYS_ACTOR_CRASH"  # actor raised; action and count attached
    SYS_ESCALATE = "SYS_ESCALATE"  # restart intensity exceeded
    SYS_ACTOR_HUNG = "SYS_ACTOR_HUNG"  # no progress in limit
    SYS_LOOP_LAG = "SYS_LOOP_LAG"  # event loop late
    SYS_QUEUE_FULL = "SYS_QUEUE_FULL"  # bound reached, policy applied
    SYS_WAL_IO = "SYS_WAL_IO"  # log write/sync error
    SYS_DISK_LOW = "SYS_DISK_LOW"  # free space under limit
    SYS_RATE_LIMITED = "SYS_RATE_LIMITED"  # 429 or own budget empty
    SYS_CONFIG_REFUSED = "SYS_CONFIG_REFUSED"  # unknown key, missing/loose limit, retired flag
    SYS_INTEGRITY = "SYS_INTEGRITY"  # hash, owner or mode wrong
    SYS_AUTH = "SYS_AUTH"  # the venue refused our login after it refused our token
    SYS_COMMAND = "SYS_COMMAND"  # human action with name
    SYS_ALERT = "SYS_ALERT"  # something that a person must acknowledge
    SYS_NO_ACK = "SYS_NO_ACK"  # a critical alert that nobody acknowledged in time
    SYS_FLAT = "SYS_FLAT"  # no position and no order, by two queries
    SYS_PULSE = "SYS_PULSE"  # a second went by
    SYS_SESSION = "SYS_SESSION"  # a trading session opened or closed
    SYS_SEGMENT = "SYS_SEGMENT"  # a log segment opened or closed

    TRADE_TARGET = "TRADE_TARGET"  # closed at its target
    TRADE_STOP = "TRADE_STOP"  # closed at its protective stop
    TRADE_SIGNAL = "TRADE_SIGNAL"  # closed because the strategy wished it
    TRADE_FLATTEN = "TRADE_FLATTEN"  # closed by a flatten
    TRADE_FOREIGN = "TRADE_FOREIGN"  # closed by an order that is not ours
