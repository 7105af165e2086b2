//! API keys: how they are made, hashed, compared and counted.
