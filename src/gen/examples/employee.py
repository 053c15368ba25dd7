"""Employees and their managers: two tables that refer to each other.

The embedded example: `python -m gen` makes it when no `--schema` is given. It is written as any user's schema file is.
"""

import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from gen import Schema


class Employee(BaseModel):
    id: Annotated[int, Field(json_schema_extra={"sql": {"key": "primary"}})]
    name: Annotated[str, Field(max_length=40)]
    hire_date: Annotated[datetime.datetime, Field(ge=datetime.datetime(2021, 1, 18))]
    velocity: Annotated[float, Field(ge=2, le=21, json_schema_extra={"distribution": "normal"})]
    manager: Annotated[int, Field(json_schema_extra={"sql": {"key": "foreign", "reference": "Manager.id"}})]


class Manager(BaseModel):
    id: Annotated[int, Field(json_schema_extra={"sql": {"key": "primary"}})]
    employee_id: Annotated[int, Field(json_schema_extra={"sql": {"key": "foreign", "reference": "Employee.id"}})]
    department_id: Annotated[str, Field(max_length=8)]


schema = Schema("employee")
schema.add(Employee, rows=10_000)
schema.add(Manager, rows=1_000)
