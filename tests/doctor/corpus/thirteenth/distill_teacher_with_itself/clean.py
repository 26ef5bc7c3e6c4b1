import torch
import torch.nn as nn
import torch.nn.functional as F


class Configs:
    temperature = 4.0
    soft_weight = 0.8
    label_weight = 0.2
    lr = 2e-3
    epochs = 8

    def __init__(self):
        torch.manual_seed(33)
        x = torch.randn(1500, 10)
        y = torch.bucketize((x[:, :3] ** 2).sum(1), torch.tensor([1.5, 3.5]))
        self.big, self.small, self.test = (x[:1000], y[:1000]), (x[:150], y[:150]), (x[1000:], y[1000:])
        self.large = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 3))
        self.model = nn.Sequential(nn.Linear(10, 24), nn.ReLU(), nn.Linear(24, 3))
        self.kl_div_loss = nn.KLDivLoss(reduction="batchmean", log_target=True)

    def fit(self, model, data, loss_func):
        optimizer = torch.optim.Adam(model.parameters(), lr=self.lr)
        x, y = data
        model.train()
        for _ in range(self.epochs):
            for idx in torch.randperm(len(x)).split(25):
                optimizer.zero_grad()
                loss_func(x[idx], y[idx]).backward()
                optimizer.step()

    def distill_loss(self, data, target):
        with torch.no_grad():
            large_logits = self.large(data)
        output = self.model(data)
        soft_targets = F.log_softmax(large_logits / self.temperature, dim=-1)
        soft_prob = F.log_softmax(output / self.temperature, dim=-1)
        soft_loss = self.kl_div_loss(soft_prob, soft_targets) * self.temperature ** 2
        label_loss = F.cross_entropy(output, target)
        return self.soft_weight * soft_loss + self.label_weight * label_loss

    @torch.no_grad()
    def accuracy(self, model):
        model.eval()
        x, y = self.test
        return (model(x).argmax(1) == y).float().mean().item()

    def run(self):
        self.fit(self.large, self.big, lambda d, t: F.cross_entropy(self.large(d), t))
        self.large.eval()
        print("large model", self.accuracy(self.large))
        self.epochs = 200
        self.fit(self.model, self.small, self.distill_loss)
        print("small model", self.accuracy(self.model))


Configs().run()
