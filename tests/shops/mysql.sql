CREATE TABLE country (
  code char(2) PRIMARY KEY,
  name varchar(40) NOT NULL UNIQUE
) COMMENT 'where customers live';
CREATE TABLE customer (
  id bigint unsigned AUTO_INCREMENT PRIMARY KEY,
  email varchar(80) NOT NULL UNIQUE COMMENT 'for invoices',
  country char(2) NOT NULL,
  born date CHECK (born >= '1930-01-01' AND born < '2010-01-01'),
  mood enum('glad','sad','so-so') NOT NULL,
  referred_by bigint unsigned,
  balance decimal(12,2) NOT NULL DEFAULT 0 CHECK (balance BETWEEN -1000 AND 100000),
  settings json,
  seen datetime(6) NOT NULL,
  flags set('a','b') NOT NULL,
  small tinyint NOT NULL,
  yes tinyint(1) NOT NULL,
  y year NOT NULL,
  t time,
  raw varbinary(20),
  note mediumtext,
  bits bit(8) NOT NULL,
  FOREIGN KEY (country) REFERENCES country(code),
  FOREIGN KEY (referred_by) REFERENCES customer(id)
);
CREATE TABLE product (
  sku varchar(12) PRIMARY KEY,
  price decimal(8,2) unsigned NOT NULL CHECK (price > 0),
  weight float CHECK (weight >= 0),
  made_on date,
  stamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE orders (
  id int AUTO_INCREMENT PRIMARY KEY,
  customer_id bigint unsigned NOT NULL,
  placed datetime NOT NULL,
  status varchar(10) NOT NULL CHECK (status IN ('new','paid','sent')),
  FOREIGN KEY (customer_id) REFERENCES customer(id)
);
CREATE TABLE line (
  order_id int NOT NULL,
  number smallint NOT NULL CHECK (number > 0),
  sku varchar(12) NOT NULL,
  amount int NOT NULL CHECK (amount BETWEEN 1 AND 99),
  PRIMARY KEY (order_id, number),
  FOREIGN KEY (order_id) REFERENCES orders(id),
  FOREIGN KEY (sku) REFERENCES product(sku)
);
CREATE TABLE returned (
  order_id int,
  number smallint,
  reason varchar(30),
  PRIMARY KEY (order_id, number),
  FOREIGN KEY (order_id, number) REFERENCES line(order_id, number)
);
CREATE TABLE likes (
  customer_id bigint unsigned,
  sku varchar(12),
  PRIMARY KEY (customer_id, sku),
  FOREIGN KEY (customer_id) REFERENCES customer(id),
  FOREIGN KEY (sku) REFERENCES product(sku)
);
CREATE TABLE empty (
  id int PRIMARY KEY,
  x text
);
INSERT INTO country VALUES ('DE','Germany'),('FR','France'),('SE','Sweden');
INSERT INTO customer (email,country,born,mood,balance,seen,flags,small,yes,y,bits)
  SELECT concat('a',seq,'@example.com'), 'DE', '1980-01-01', 'glad', seq, now(), 'a', 3, 1, 2000, 5
  FROM seq_1_to_20;
INSERT INTO product (sku, price)
  SELECT concat('SKU',seq), seq
  FROM seq_1_to_10;
INSERT INTO orders (customer_id, placed, status)
  SELECT 1+seq%20, now(), 'new'
  FROM seq_1_to_40;
INSERT INTO line SELECT 1+seq%40, 1+seq div 40, concat('SKU',1+seq%10), 3
  FROM seq_0_to_99;
INSERT INTO returned SELECT seq,1,'x'
  FROM seq_1_to_5;
INSERT INTO likes SELECT 1+seq%20, concat('SKU',1+seq div 20)
  FROM seq_0_to_29;
