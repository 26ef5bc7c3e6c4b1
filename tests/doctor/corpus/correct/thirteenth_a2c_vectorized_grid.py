"""Advantage actor-critic with GAE on a batch of 5x5 grid worlds stepped in parallel."""
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(70)
SIZE, N_ENVS, T, GAMMA, LAM, LIMIT = 5, 16, 16, 0.97, 0.95, 25
MOVES = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])


class GridBatch:
    def __init__(self):
        self.pos = torch.randint(0, SIZE, (N_ENVS, 2))
        self.goal = torch.randint(0, SIZE, (N_ENVS, 2))
        self.age = torch.zeros(N_ENVS, dtype=torch.long)

    def obs(self):
        return torch.cat([self.pos, self.goal, self.goal - self.pos], dim=1).float() / (SIZE - 1)

    def step(self, action):
        """Returns reward, reached, finished and the observation before any reset."""
        self.pos = (self.pos + MOVES[action]).clamp(0, SIZE - 1)
        self.age += 1
        reached = (self.pos == self.goal).all(dim=1)
        finished = reached | (self.age >= LIMIT)
        reward = torch.where(reached, 1.0, -0.05)
        final_obs = self.obs()
        n = int(finished.sum())
        self.pos[finished] = torch.randint(0, SIZE, (n, 2))
        self.goal[finished] = torch.randint(0, SIZE, (n, 2))
        self.age[finished] = 0
        return reward, reached, finished, final_obs


body = nn.Sequential(nn.Linear(6, 64), nn.Tanh())
actor, critic = nn.Linear(64, 4), nn.Linear(64, 1)
nets = nn.ModuleList([body, actor, critic])
optimizer = torch.optim.Adam(nets.parameters(), lr=5e-3)
envs = GridBatch()
n_finished = n_reached = 0

for update in range(1, 91):
    log_probs, values, entropies, deltas, carry = [], [], [], [], []
    for _ in range(T):
        h = body(envs.obs())
        dist, value = Categorical(logits=actor(h)), critic(h).squeeze(1)
        action = dist.sample()
        reward, reached, finished, final_obs = envs.step(action)
        with torch.no_grad():
            next_value = critic(body(final_obs)).squeeze(1)
            # bootstrap through time limits, but not past the goal
            deltas.append(reward + GAMMA * next_value * (~reached) - value)
        carry.append((~finished).float())
        log_probs.append(dist.log_prob(action))
        entropies.append(dist.entropy())
        values.append(value)
        n_finished += int(finished.sum())
        n_reached += int(reached.sum())

    advantages, running = [], torch.zeros(N_ENVS)
    for delta, keep in zip(reversed(deltas), reversed(carry)):
        running = delta + GAMMA * LAM * keep * running
        advantages.append(running)
    adv = torch.stack(advantages[::-1])
    values = torch.stack(values)
    returns = adv + values.detach()

    policy_loss = -(torch.stack(log_probs) * adv).mean()
    value_loss = (values - returns).pow(2).mean()
    loss = policy_loss + 0.5 * value_loss - 0.01 * torch.stack(entropies).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(nets.parameters(), 0.5)
    optimizer.step()

    if update % 30 == 0:
        print(f"update {update}: reached the goal in {n_reached}/{n_finished} episodes")
        n_finished = n_reached = 0
