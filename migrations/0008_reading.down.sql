DROP TABLE movement_mark;
DROP TABLE monthly_movement;
