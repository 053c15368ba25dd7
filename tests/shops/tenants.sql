CREATE TABLE tenant (
  id int NOT NULL PRIMARY KEY,
  name varchar(40) NOT NULL
);
CREATE TABLE client (
  tenant_id int NOT NULL,
  number int NOT NULL CHECK (number >= 1),
  name varchar(40),
  referred_by int,
  PRIMARY KEY (tenant_id, number),
  FOREIGN KEY (tenant_id) REFERENCES tenant (id),
  FOREIGN KEY (tenant_id, referred_by) REFERENCES client (tenant_id, number)
);
CREATE TABLE product (
  tenant_id int NOT NULL,
  sku int NOT NULL,
  price numeric(8,2) NOT NULL,
  PRIMARY KEY (tenant_id, sku),
  FOREIGN KEY (tenant_id) REFERENCES tenant (id)
);
CREATE TABLE purchase (
  id int NOT NULL PRIMARY KEY,
  tenant_id int NOT NULL,
  client int NOT NULL,
  sku int NOT NULL,
  gift_to int,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenant (id),
  FOREIGN KEY (tenant_id, client) REFERENCES client (tenant_id, number),
  FOREIGN KEY (tenant_id, gift_to) REFERENCES client (tenant_id, number),
  FOREIGN KEY (tenant_id, sku) REFERENCES product (tenant_id, sku)
);
CREATE TABLE parcel (
  tenant_id int NOT NULL,
  purchase int NOT NULL,
  number int NOT NULL,
  sku int,
  PRIMARY KEY (tenant_id, purchase, number),
  FOREIGN KEY (tenant_id, purchase) REFERENCES purchase (tenant_id, id),
  FOREIGN KEY (tenant_id, sku) REFERENCES product (tenant_id, sku)
);
CREATE TABLE complaint (
  tenant_id int NOT NULL,
  number int NOT NULL,
  purchase int NOT NULL,
  parcel int,
  PRIMARY KEY (tenant_id, number),
  FOREIGN KEY (tenant_id) REFERENCES tenant (id),
  FOREIGN KEY (tenant_id, purchase) REFERENCES purchase (tenant_id, id),
  FOREIGN KEY (tenant_id, purchase, parcel) REFERENCES parcel (tenant_id, purchase, number)
);
CREATE TABLE likes (
  tenant_id int NOT NULL,
  client int NOT NULL,
  sku int NOT NULL,
  PRIMARY KEY (tenant_id, client, sku),
  FOREIGN KEY (tenant_id, client) REFERENCES client (tenant_id, number),
  FOREIGN KEY (tenant_id, sku) REFERENCES product (tenant_id, sku)
);
INSERT INTO tenant VALUES (1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO client VALUES (1, 1, 'a', NULL), (1, 2, 'b', 1), (2, 1, 'c', NULL), (2, 2, NULL, 1), (3, 1, 'd', NULL),
  (3, 2, 'e', NULL), (3, 3, 'f', 1);
INSERT INTO product VALUES (1, 1, 5), (1, 2, 6), (2, 1, 7), (2, 2, 8), (3, 1, 9), (3, 2, 9), (3, 3, 9), (3, 4, 9);
INSERT INTO purchase VALUES (1, 1, 1, 1, NULL), (2, 1, 2, 2, 1), (3, 2, 1, 1, NULL), (4, 2, 2, 2, NULL),
  (5, 3, 1, 1, NULL), (6, 3, 2, 3, 1), (7, 3, 3, 4, NULL), (8, 3, 1, 2, NULL), (9, 1, 1, 2, NULL);
INSERT INTO parcel VALUES (1, 1, 1, 1), (1, 1, 2, NULL), (2, 3, 1, 2), (3, 5, 1, 4), (3, 6, 1, NULL);
INSERT INTO complaint VALUES (1, 1, 1, 2), (2, 1, 3, NULL), (3, 1, 5, 1), (3, 2, 6, NULL);
INSERT INTO likes VALUES (1, 1, 1), (1, 2, 2), (2, 1, 1), (3, 1, 4), (3, 2, 4);
