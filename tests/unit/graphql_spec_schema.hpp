#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graphql/schema.hpp"

/// The schema that the examples of sections 5 and 6 of the specification are about.
inline constexpr std::string_view spec_schema_text = R"(
type Query {
  dog: Dog
  findDog(complex: ComplexInput): Dog
  booleanList(booleanListArg: [Boolean!]): Boolean
  arguments: Arguments
  human: Human
  pet: Pet
  catOrDog: CatOrDog
}
type Mutation { first: Int second: Int third: Int }
type Subscription { newMessage: Message disallowedSecondRootField: Boolean }
type Message { body: String sender: String }
enum DogCommand { SIT DOWN HEEL }
type Dog implements Pet {
  name: String!
  nickname: String
  barkVolume: Int
  doesKnowCommand(dogCommand: DogCommand!): Boolean!
  isHouseTrained(atOtherHomes: Boolean): Boolean!
  owner: Human
}
interface Sentient { name: String! }
interface Pet { name: String! }
type Alien implements Sentient { name: String! homePlanet: String }
type Human implements Sentient { name: String! pets: [Pet!] }
enum CatCommand { JUMP }
type Cat implements Pet { name: String! nickname: String doesKnowCommand(catCommand: CatCommand!): Boolean! meowVolume: Int }
union CatOrDog = Cat | Dog
union DogOrHuman = Dog | Human
union HumanOrAlien = Human | Alien
input ComplexInput { name: String owner: String required: String! = "x" }
type Arguments {
  multipleRequirements(x: Int!, y: Int!): Int!
  booleanArgField(booleanArg: Boolean): Boolean
  floatArgField(floatArg: Float): Float
  intArgField(intArg: Int): Int
  nonNullBooleanArgField(nonNullBooleanArg: Boolean!): Boolean!
  booleanListArgField(booleanListArg: [Boolean]!): [Boolean]
  optionalNonNullBooleanArgField(optionalBooleanArg: Boolean! = false): Boolean!
}
schema { query: Query mutation: Mutation subscription: Subscription }
)";

inline const dompet::graphql::Schema& spec_schema() {
  static const auto schema = dompet::graphql::Schema::read(spec_schema_text);
  return schema.value();
}
