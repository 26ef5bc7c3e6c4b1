import copy
import torch
import torch.nn as nn


class Agent:
    # n-step 없이 가장 단순한 DQN (체인 MDP)
    def __init__(self, n_states=6, n_actions=2, gamma=0.9, lr=5e-3, target_period=20):
        self.eval_net = nn.Sequential(nn.Linear(n_states, 32), nn.ReLU(), nn.Linear(32, n_actions))
        self.target_net = copy.deepcopy(self.eval_net)
        self.opt = torch.optim.RMSprop(self.eval_net.parameters(), lr=lr)
        self.gamma = gamma
        self.target_period = target_period
        self.learn_step = 0

    def learn(self, s, a, r, s2, done):
        if self.learn_step % self.target_period == 0:
            self.target_net.load_state_dict(self.target_net.state_dict())
        self.learn_step += 1

        q = self.eval_net(s).gather(1, a)
        with torch.no_grad():
            q_next = self.target_net(s2).max(dim=1, keepdim=True)[0]
        y = r + self.gamma * (1 - done) * q_next
        loss = nn.functional.mse_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()


def sample_transitions(n, n_states=6):
    # 모든 상태/행동을 균등하게 탐색했다고 가정 (off-policy 데이터)
    pos = torch.randint(0, n_states - 1, (n,))
    act = torch.randint(0, 2, (n, 1))
    nxt = (pos + act.squeeze(1) * 2 - 1).clamp(min=0)
    done = (nxt == n_states - 1).float().unsqueeze(1)
    eye = torch.eye(n_states)
    return eye[pos], act, done.clone(), eye[nxt], done


if __name__ == "__main__":
    torch.manual_seed(7)
    agent = Agent()
    for step in range(600):
        loss = agent.learn(*sample_transitions(64))
        if (step + 1) % 150 == 0:
            print("step", step + 1, "loss %.5f" % loss)
    with torch.no_grad():
        print(agent.eval_net(torch.eye(6)[:5]).max(1).values)  # 이론값: 0.9^4 ... 1
