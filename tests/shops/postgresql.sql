CREATE TYPE mood AS ENUM ('glad', 'sad', 'so-so');
CREATE TABLE country (
  code char(2) PRIMARY KEY CHECK (code ~ '^[A-Z]{2}$'),
  name varchar(40) NOT NULL UNIQUE
);
COMMENT ON TABLE country IS 'where customers live';
CREATE TABLE customer (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email varchar(80) NOT NULL UNIQUE,
  country char(2) NOT NULL REFERENCES country,
  born date CHECK (born >= '1930-01-01' AND born < '2010-01-01'),
  mood mood NOT NULL,
  referred_by bigint REFERENCES customer,
  balance numeric(12,2) NOT NULL DEFAULT 0 CHECK (balance BETWEEN -1000 AND 100000),
  tags text[] NOT NULL,
  settings jsonb,
  seen timestamptz NOT NULL,
  token uuid NOT NULL UNIQUE
);
COMMENT ON COLUMN customer.email IS 'for invoices';
CREATE TABLE product (
  sku varchar(12) PRIMARY KEY,
  price numeric(8,2) NOT NULL CHECK (price > 0),
  weight real CHECK (weight >= 0),
  made_on date,
  active boolean NOT NULL
);
CREATE TABLE orders (
  id serial PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  placed timestamp NOT NULL,
  status varchar(10) NOT NULL CHECK (status IN ('new','paid','sent')),
  note text
);
CREATE TABLE line (
  order_id int NOT NULL REFERENCES orders,
  number smallint NOT NULL CHECK (number > 0),
  sku varchar(12) NOT NULL REFERENCES product,
  amount int NOT NULL CHECK (amount BETWEEN 1 AND 99),
  PRIMARY KEY (order_id, number)
);
CREATE TABLE returned (
  order_id int,
  number smallint,
  reason varchar(30),
  PRIMARY KEY (order_id, number),
  FOREIGN KEY (order_id, number) REFERENCES line
);
CREATE TABLE passport (
  customer_id bigint PRIMARY KEY REFERENCES customer,
  number char(9) NOT NULL UNIQUE,
  valid daterange,
  home inet,
  took interval
);
CREATE TABLE likes (
  customer_id bigint REFERENCES customer,
  sku varchar(12) REFERENCES product,
  PRIMARY KEY (customer_id, sku)
);
CREATE TABLE empty (
  id int PRIMARY KEY,
  x text
);
INSERT INTO country VALUES ('DE','Germany'),('FR','France'),('SE','Sweden');
INSERT INTO customer (email,country,born,mood,balance,tags,seen,token)
  SELECT 'a'||i||'@example.com', (ARRAY['DE','FR','SE'])[1+i%3], date '1980-01-01'+i, 'glad', i, '{a,b}', now(), gen_random_uuid()
  FROM generate_series(1,20) i;
INSERT INTO product SELECT 'SKU'||i, i, 1.5, '2020-01-01', true
  FROM generate_series(1,10) i;
INSERT INTO orders (customer_id, placed, status)
  SELECT 1+i%20, now(), 'new'
  FROM generate_series(1,40) i;
INSERT INTO line SELECT 1+i%40, 1+i/40, 'SKU'||(1+i%10), 3
  FROM generate_series(0,99) i;
INSERT INTO returned SELECT i,1,'x'
  FROM generate_series(1,5) i;
INSERT INTO passport SELECT i, 'P'||(10000000+i)
  FROM generate_series(1,10) i;
INSERT INTO likes SELECT 1+i%20, 'SKU'||(1+i/20)
  FROM generate_series(0,29) i;
