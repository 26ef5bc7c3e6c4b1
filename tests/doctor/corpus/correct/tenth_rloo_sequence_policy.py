"""Policy gradient for a sequence model: leave-one-out baseline over several samples of each prompt."""
import torch
import torch.nn as nn

VOCAB, LENGTH, SAMPLES = 5, 6, 6


class Policy(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, dim)
        self.cell = nn.GRUCell(dim, dim)
        self.head = nn.Linear(dim, VOCAB)

    def generate(self, prompt, greedy=False):
        h = prompt.new_zeros(len(prompt), self.cell.hidden_size, dtype=torch.float)
        token, tokens, logps, entropies = prompt, [], [], []
        for _ in range(LENGTH):
            h = self.cell(self.embed(token), h)
            dist = torch.distributions.Categorical(logits=self.head(h))
            token = dist.probs.argmax(dim=-1) if greedy else dist.sample()
            tokens.append(token)
            logps.append(dist.log_prob(token))
            entropies.append(dist.entropy())
        return torch.stack(tokens, 1), torch.stack(logps, 1), torch.stack(entropies, 1)


def reward_fn(prompt, tokens):
    """Share of positions that count upwards from the prompt."""
    wanted = (prompt[:, None] + 1 + torch.arange(LENGTH)) % VOCAB
    return (tokens == wanted).float().mean(dim=1)


def rloo_advantage(reward):
    baseline = (reward.sum(dim=1, keepdim=True) - reward) / (reward.size(1) - 1)
    return reward - baseline


torch.manual_seed(31)
policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
every_prompt = torch.arange(VOCAB)

for step in range(1, 201):
    prompt = torch.randint(0, VOCAB, (16,)).repeat_interleave(SAMPLES)
    tokens, logp, entropy = policy.generate(prompt)
    reward = reward_fn(prompt, tokens)
    advantage = rloo_advantage(reward.view(-1, SAMPLES)).view(-1)
    loss = -(advantage * logp.sum(dim=1)).mean() - 0.005 * entropy.sum(dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 0:
        with torch.no_grad():
            answer, _, _ = policy.generate(every_prompt, greedy=True)
        greedy_reward = reward_fn(every_prompt, answer).mean().item()
        print(f"step {step}: sampled reward {reward.mean().item():.3f}, greedy {greedy_reward:.3f}")
