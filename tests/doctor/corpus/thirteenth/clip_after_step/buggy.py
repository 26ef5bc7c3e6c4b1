import torch
import torch.nn as nn


class CountingRNN(nn.Module):
    """predict the running sum of the input"""

    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.RNN(1, hidden, batch_first=True, nonlinearity="tanh")
        self.proj = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.proj(out)


class RNNTrainer:
    def __init__(self, model, lr=0.05, max_grad_norm=0.5):
        self.model = model
        self.max_grad_norm = max_grad_norm
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.loss_fn = nn.MSELoss()

    def fit_batch(self, x, y):
        self.model.train()
        loss = self.loss_fn(self.model(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        if self.max_grad_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.max_grad_norm)
        return loss.item()

    @torch.no_grad()
    def evaluate(self, x, y):
        self.model.eval()
        return self.loss_fn(self.model(x), y).item()


def batch(n, T=30):
    x = torch.randn(n, T, 1)
    return x, x.cumsum(1) / T ** 0.5


def main():
    torch.manual_seed(17)
    trainer = RNNTrainer(CountingRNN())
    val = batch(128)
    for step in range(1, 151):
        loss = trainer.fit_batch(*batch(32))
        if step % 30 == 0:
            print(f"step {step:4d} | train {loss:.4f} | val {trainer.evaluate(*val):.4f}")


main()
