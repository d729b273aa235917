ALTER TABLE engine_rates ADD COLUMN heard_s REAL NOT NULL DEFAULT 0;  -- sound of measured loudness
ALTER TABLE engine_rates ADD COLUMN energy_s REAL NOT NULL DEFAULT 0; -- its energy: heard_s times its mean square
