DROP TABLE simulator_order;
