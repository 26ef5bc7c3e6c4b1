import math
import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F

Transition = namedtuple('Transition', ('state', 'action', 'next_state', 'reward'))
BATCH_SIZE, GAMMA, TAU, LR = 64, 0.95, 0.01, 2e-3
EPS_START, EPS_END, EPS_DECAY = 0.9, 0.05, 400
SIZE = 4


class GridWorld:
    """Walk from (0, 0) to the far corner, -0.04 a step, +1 at the goal."""
    moves = [(0, 1), (0, -1), (1, 0), (-1, 0)]

    def reset(self):
        self.r, self.c, self.steps = 0, 0, 0
        return self.observe()

    def observe(self):
        s = torch.zeros(1, 2 * SIZE)
        s[0, self.r] = 1.
        s[0, SIZE + self.c] = 1.
        return s

    def step(self, a):
        dr, dc = self.moves[a]
        self.r = min(max(self.r + dr, 0), SIZE - 1)
        self.c = min(max(self.c + dc, 0), SIZE - 1)
        self.steps += 1
        terminated = self.r == self.c == SIZE - 1
        return self.observe(), (1.0 if terminated else -0.04), terminated, self.steps >= 30


class ReplayMemory(object):
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class DQN(nn.Module):
    def __init__(self, n_observations, n_actions):
        super().__init__()
        self.layer1 = nn.Linear(n_observations, 64)
        self.layer2 = nn.Linear(64, n_actions)

    def forward(self, x):
        return self.layer2(F.relu(self.layer1(x)))


random.seed(7)
torch.manual_seed(7)
env = GridWorld()
policy_net = DQN(2 * SIZE, 4)
target_net = DQN(2 * SIZE, 4)
target_net.load_state_dict(policy_net.state_dict())
optimizer = torch.optim.AdamW(policy_net.parameters(), lr=LR, amsgrad=True)
memory = ReplayMemory(5000)
steps_done = 0


def select_action(state):
    global steps_done
    eps_threshold = EPS_END + (EPS_START - EPS_END) * math.exp(-1. * steps_done / EPS_DECAY)
    steps_done += 1
    if random.random() > eps_threshold:
        with torch.no_grad():
            return policy_net(state).max(1).indices.view(1, 1)
    return torch.tensor([[random.randrange(4)]], dtype=torch.long)


def optimize_model():
    if len(memory) < BATCH_SIZE:
        return
    batch = Transition(*zip(*memory.sample(BATCH_SIZE)))
    non_final_mask = torch.tensor([s is not None for s in batch.next_state], dtype=torch.bool)
    state_batch, action_batch, reward_batch = torch.cat(batch.state), torch.cat(batch.action), torch.cat(batch.reward)
    state_action_values = policy_net(state_batch).gather(1, action_batch)
    next_state_values = torch.zeros(BATCH_SIZE)
    if non_final_mask.any():
        non_final_next_states = torch.cat([s for s in batch.next_state if s is not None])
        with torch.no_grad():
            next_state_values[non_final_mask] = target_net(non_final_next_states).max(1).values
    expected_state_action_values = (next_state_values * GAMMA) + reward_batch
    loss = F.smooth_l1_loss(state_action_values, expected_state_action_values.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()


episode_durations = []
for i_episode in range(70):
    state = env.reset()
    while True:
        action = select_action(state)
        observation, reward, terminated, truncated = env.step(action.item())
        next_state = None if terminated else observation
        memory.push(state, action, next_state, torch.tensor([reward]))
        state = next_state
        optimize_model()
        target_sd, policy_sd = target_net.state_dict(), policy_net.state_dict()
        for key in policy_sd:
            target_sd[key] = policy_sd[key] * TAU + target_sd[key] * (1 - TAU)
        target_net.load_state_dict(target_sd)
        if terminated or truncated:
            episode_durations.append(env.steps)
            break
    if (i_episode + 1) % 10 == 0:
        print(i_episode + 1, "mean length of last ten:", sum(episode_durations[-10:]) / 10)

state, path = env.reset(), []
with torch.no_grad():
    while True:
        state, _, terminated, truncated = env.step(policy_net(state).argmax().item())
        path.append((env.r, env.c))
        if terminated or truncated:
            break
print("greedy path", path, "shortest" if len(path) == 2 * (SIZE - 1) and terminated else "not shortest")
