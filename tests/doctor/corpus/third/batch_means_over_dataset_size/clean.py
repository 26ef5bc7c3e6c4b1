import math
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class Pendulum(Dataset):
    """(angle, velocity) -> (angle, velocity) after 50 ms"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.state = (torch.rand(n, 2, generator=g) - 0.5) * torch.tensor([2 * math.pi, 4.0])
        s = self.state.clone()
        for _ in range(10):
            s[:, 1] -= 0.005 * 9.81 * torch.sin(s[:, 0])
            s[:, 0] += 0.005 * s[:, 1]
        self.next = s

    def __len__(self):
        return self.state.shape[0]

    def __getitem__(self, i):
        return self.state[i], self.next[i] - self.state[i]


class Trainer(object):
    def __init__(self, model, lr):
        self.model = model
        self.criterion = nn.MSELoss()
        self.optimizer = torch.optim.RMSprop(model.parameters(), lr=lr)
        self.history = {'train': [], 'valid': []}

    def run_epoch(self, loader, training):
        self.model.train(training)
        running = 0.0
        with torch.set_grad_enabled(training):
            for x, target in loader:
                loss = self.criterion(self.model(x), target)
                if training:
                    self.optimizer.zero_grad()
                    loss.backward()
                    self.optimizer.step()
                running += loss.item() * x.size(0)
        return running / len(loader.dataset)

    def fit(self, train_loader, valid_loader, epochs):
        for _ in range(epochs):
            self.history['train'].append(self.run_epoch(train_loader, True))
            self.history['valid'].append(self.run_epoch(valid_loader, False))


torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
trainer = Trainer(net, lr=1e-3)
trainer.fit(DataLoader(Pendulum(600, 1), batch_size=32, shuffle=True),
            DataLoader(Pendulum(200, 2), batch_size=32), epochs=10)
rmse = math.sqrt(trainer.history['valid'][-1])
print('one-step validation RMSE {:.4f}'.format(rmse))
