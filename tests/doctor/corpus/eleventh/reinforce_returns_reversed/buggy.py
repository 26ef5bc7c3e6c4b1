import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Bernoulli

np.random.seed(2)
torch.manual_seed(2)

gamma = 0.9


# simple game: press the button exactly when the lamp is on
class LampGame:
    def reset(self):
        self.t = 0
        self.lamp = np.random.rand() < 0.5
        return self.state()

    def state(self):
        return torch.tensor([1.0 if self.lamp else 0.0, self.t / 15])

    def step(self, action):
        reward = 1.0 if action == int(self.lamp) else -1.0
        self.t += 1
        self.lamp = np.random.rand() < 0.5
        return self.state(), reward, self.t >= 15


policy = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = optim.Adam(policy.parameters(), lr=0.01)
game = LampGame()
history = []

for episode in range(200):
    log_probs, rewards = [], []
    state, done = game.reset(), False
    while not done:
        m = Bernoulli(logits=policy(state).squeeze())
        action = m.sample()
        log_probs.append(m.log_prob(action))
        state, reward, done = game.step(int(action.item()))
        rewards.append(reward)

    # discounted return of every step, computed from the end of the episode
    R = 0
    returns = []
    for r in rewards[::-1]:
        R = r + gamma * R
        returns.append(R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-8)

    policy_loss = -(torch.stack(log_probs) * returns).sum()
    optimizer.zero_grad()
    policy_loss.backward()
    optimizer.step()

    history.append(sum(rewards))
    if (episode + 1) % 50 == 0:
        print("Episode", episode + 1, "average score of the last 50:", np.mean(history[-50:]))
