campbox lean 1
{"campbox_catalogue":1,"counts":{"attribute":1,"location":1,"organization":1,"phone":1,"schedule":1,"service":1,"service_at_location":1,"taxonomy":1,"taxonomy_term":1,"translation":11},"date":"2026-11-20T08:00:00Z","language":"en","languages":["en","ar","fr"],"sample":false,"site":"camp-1","source":"A test","timezone":"Asia/Amman"}
taxonomy	description=What people come for	name=Needs	id=95d2b936-37ea-5386-9d3a-d5ad58a0c832
taxonomy_term	code=health	description=Health	language=en	name=Health	taxonomy=Needs	taxonomy_id=#95d2
~name	ar	campbox	1	الصحة
~name	ckb	campbox	1	تەندروستی
~name	fa	campbox	1	سلامت
~name	fa-AF	campbox	1	صحت
~name	fr	campbox	1	Santé
~name	ku	campbox	1	Tenduristî
~name	ps	campbox	1	روغتیا
~name	so	campbox	1	Caafimaad
~name	ti	campbox	1	ጥዕና
~name	uk	campbox	1	Здоров'я
~name	ur	campbox	1	صحت
organization	description=	name=Test Aid	id=e9ebeeea-abab-5805-9094-73bfdfac4e05
location	latitude=32.0	location_type=physical	longitude=35.9	name=Place of Clinic 000	id=9960b01b-e457-538a-9699-fd8d7940a9e8
service	assured_date=2026-11-01	name=Clinic 000	status=active	organization_id=#e9eb	id=f29a8c8f-bf1d-56f0-b566-9f563cb8d53b
 service_at_location	location_id=#9960	id=419f9468-a58b-5e34-b041-edeea7a46c7b
 attribute	label=need	link_type=taxonomy	taxonomy_term_id==	value=health
 phone	number=+999 555 0100	id=2965eda1-1df7-5957-aabf-37d73f280ac1
 schedule	byday=SU,MO	closes_at=16:00	freq=WEEKLY	opens_at=08:00	id=c3fc1ae9-aa78-5586-a223-efc0a969cf6b
