"""The 46 features a model sees: their names, their order, and its fingerprint (quant.md 3.2)."""

from hashlib import sha256

NAMES: tuple[str, ...] = (
    "ret_1s", "ret_5s", "ret_10s", "ret_30s", "ret_60s",
    "ema_9_dist", "ema_21_dist", "ema_50_dist", "ema_200_dist",
    "ema_9_21_gap", "ema_21_50_gap", "ema_50_200_gap", "ema_9_slope", "ema_50_slope",
    "vwap_dist", "vwap_z", "vwap_slope",
    "minutes_to_close", "is_rth", "tod_sin", "tod_cos",
    "m1_trend", "m1_momentum", "m5_trend", "m5_momentum",
    "bar_direction", "upper_wick_ratio", "lower_wick_ratio", "body_ratio", "close_position",
    "volume_delta_1s", "volume_delta_10s", "volume_delta_60s", "cvd_session",
    "volume_ratio", "volume_tod_ratio",
    "atr_ticks", "atr_ratio", "rv_60s", "rv_ratio",
    "rsi_14", "stoch_60", "bb_pos_20", "macd_hist", "session_range_pos", "fill_ratio_60s",
)  # fmt: skip
FINGERPRINT = sha256("\n".join(NAMES).encode()).hexdigest()
