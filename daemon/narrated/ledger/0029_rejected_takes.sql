-- The takes below this number were heard and rejected by a person, who asked for the next one: no
-- check brings them back.
ALTER TABLE choices ADD COLUMN rejected_below INTEGER NOT NULL DEFAULT 0;
UPDATE choices SET rejected_below = take WHERE NOT is_automatic;
