"""Common emoji by the short names that Slack, GitHub and Discourse give them."""

from collections.abc import Mapping

_TABLE = """
smile 😄 smiley 😃 grinning 😀 grin 😁 laughing 😆 sweat_smile 😅 joy 😂
rofl 🤣 blush 😊 innocent 😇 wink 😉 relieved 😌 heart_eyes 😍
kissing_heart 😘 yum 😋 stuck_out_tongue 😛 zany_face 🤪 sunglasses 😎
nerd_face 🤓 monocle_face 🧐 star_struck 🤩 partying_face 🥳 smirk 😏
unamused 😒 disappointed 😞 pensive 😔 worried 😟 confused 😕
slightly_smiling_face 🙂 upside_down_face 🙃 slightly_frowning_face 🙁
persevere 😣 confounded 😖 tired_face 😫 weary 😩 pleading_face 🥺 cry 😢
sob 😭 triumph 😤 angry 😠 rage 😡 exploding_head 🤯 flushed 😳 hot_face 🥵
cold_face 🥶 scream 😱 fearful 😨 hugs 🤗 thinking 🤔 shushing_face 🤫
lying_face 🤥 no_mouth 😶 neutral_face 😐 expressionless 😑 grimacing 😬
roll_eyes 🙄 hushed 😯 astonished 😲 yawning_face 🥱 sleeping 😴
drooling_face 🤤 dizzy_face 😵 zipper_mouth_face 🤐 nauseated_face 🤢
sneezing_face 🤧 mask 😷 face_with_thermometer 🤒 smiling_imp 😈 clown_face 🤡
poop 💩 ghost 👻 skull 💀 alien 👽 robot 🤖 see_no_evil 🙈 hear_no_evil 🙉
speak_no_evil 🙊 wave 👋 raised_hand ✋ ok_hand 👌 pinching_hand 🤏
crossed_fingers 🤞 metal 🤘 call_me_hand 🤙 point_left 👈 point_right 👉
point_up 👆 point_down 👇 thumbsup 👍 thumbsdown 👎 fist ✊ punch 👊 clap 👏
raised_hands 🙌 open_hands 👐 handshake 🤝 pray 🙏 writing_hand ✍️ muscle 💪
brain 🧠 eyes 👀 shrug 🤷 facepalm 🤦 bow 🙇 raising_hand 🙋 dancer 💃
runner 🏃 family 👪 baby 👶 heart ❤️ orange_heart 🧡 yellow_heart 💛
green_heart 💚 blue_heart 💙 purple_heart 💜 black_heart 🖤 white_heart 🤍
broken_heart 💔 sparkling_heart 💖 hundred 💯 anger 💢 boom 💥 sweat_drops 💦
dash 💨 bomb 💣 speech_balloon 💬 thought_balloon 💭 zzz 💤 dog 🐶 cat 🐱
mouse 🐭 hamster 🐹 rabbit 🐰 fox_face 🦊 bear 🐻 panda_face 🐼 koala 🐨
tiger 🐯 lion 🦁 cow 🐮 pig 🐷 frog 🐸 monkey 🐵 chicken 🐔 penguin 🐧
bird 🐦 duck 🦆 owl 🦉 bat 🦇 wolf 🐺 horse 🐴 unicorn 🦄 bee 🐝 bug 🐛
butterfly 🦋 snail 🐌 ant 🐜 spider 🕷️ turtle 🐢 snake 🐍 octopus 🐙
crab 🦀 fish 🐟 dolphin 🐬 whale 🐳 elephant 🐘 goat 🐐 sheep 🐑 hedgehog 🦔
bouquet 💐 rose 🌹 sunflower 🌻 tulip 🌷 seedling 🌱 evergreen_tree 🌲
deciduous_tree 🌳 cactus 🌵 herb 🌿 four_leaf_clover 🍀 maple_leaf 🍁
fallen_leaf 🍂 mushroom 🍄 apple 🍎 pear 🍐 tangerine 🍊 lemon 🍋 banana 🍌
watermelon 🍉 grapes 🍇 strawberry 🍓 cherries 🍒 peach 🍑 pineapple 🍍
avocado 🥑 tomato 🍅 carrot 🥕 corn 🌽 potato 🥔 bread 🍞 cheese 🧀 egg 🥚
pancakes 🥞 bacon 🥓 hamburger 🍔 fries 🍟 pizza 🍕 taco 🌮 salad 🥗
spaghetti 🍝 ramen 🍜 sushi 🍣 rice 🍚 ice_cream 🍨 doughnut 🍩 cookie 🍪
birthday 🎂 cake 🍰 chocolate_bar 🍫 popcorn 🍿 honey_pot 🍯 coffee ☕ tea 🍵
beer 🍺 beers 🍻 wine_glass 🍷 cocktail 🍸 champagne 🍾 fork_and_knife 🍴
earth_africa 🌍 earth_americas 🌎 earth_asia 🌏 mountain ⛰️ volcano 🌋
camping 🏕️ beach_umbrella 🏖️ house 🏠 school 🏫 hospital 🏥 church ⛪
tent ⛺ sunrise 🌅 rainbow 🌈 ocean 🌊 bike 🚲 car 🚗 bus 🚌 train 🚆
ship 🚢 airplane ✈️ rocket 🚀 construction 🚧 hourglass ⌛ watch ⌚
alarm_clock ⏰ sun ☀️ moon 🌙 star ⭐ stars 🌠 cloud ☁️ partly_sunny ⛅
rain 🌧️ umbrella ☔ zap ⚡ snowflake ❄️ snowman ⛄ fire 🔥 droplet 💧
jack_o_lantern 🎃 christmas_tree 🎄 sparkles ✨ balloon 🎈 tada 🎉
confetti_ball 🎊 gift 🎁 ticket 🎫 trophy 🏆 medal 🏅 first_place 🥇 soccer ⚽
basketball 🏀 football 🏈 tennis 🎾 chess_pawn ♟️ dart 🎯 game_die 🎲
jigsaw 🧩 video_game 🎮 art 🎨 thread 🧵 yarn 🧶 musical_note 🎵 notes 🎶
microphone 🎤 headphones 🎧 guitar 🎸 piano 🎹 trumpet 🎺 drum 🥁 phone 📱
computer 💻 keyboard ⌨️ floppy_disk 💾 cd 💿 camera 📷 tv 📺 movie_camera 🎥
mag 🔍 bulb 💡 book 📖 books 📚 newspaper 📰 bookmark 🔖 moneybag 💰
email 📧 package 📦 mailbox 📫 pencil ✏️ memo 📝 briefcase 💼 file_folder 📁
calendar 📅 chart 📈 clipboard 📋 pushpin 📌 paperclip 📎 scissors ✂️
wastebasket 🗑️ lock 🔒 unlock 🔓 key 🔑 hammer 🔨 wrench 🔧 nut_and_bolt 🔩
gear ⚙️ link 🔗 magnet 🧲 test_tube 🧪 microscope 🔬 telescope 🔭
satellite 📡 pill 💊 bed 🛏️ shower 🚿 broom 🧹 soap 🧼 warning ⚠️
no_entry ⛔ recycle ♻️ white_check_mark ✅ check ✔️ x ❌ question ❓
exclamation ❗ infinity ♾️ arrow_up ⬆️ arrow_right ➡️ arrow_down ⬇️
arrow_left ⬅️ red_circle 🔴 green_circle 🟢 blue_circle 🔵 bell 🔔
loudspeaker 📢 checkered_flag 🏁 white_flag 🏳️ rainbow_flag 🏳️‍🌈
"""

_WORDS = _TABLE.split()

EMOJI: Mapping[str, str] = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
"""Characters by short name."""


def find_emoji(text: str, limit: int) -> list[tuple[str, str]]:
    """At most `limit` names with their characters: those that begin with `text`, the shortest
    first, then those in which another word does.
    """
    called = text.lower()
    begin = sorted((name for name in EMOJI if name.startswith(called)), key=len)
    others = [name for name in EMOJI if f"_{called}" in name]
    return [(name, EMOJI[name]) for name in dict.fromkeys(begin + others)][:limit]
