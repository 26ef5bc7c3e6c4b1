from torch.nn.functional import cross_entropy


class Trainer:
    def __init__(self, net, opt, evaluator):
        self.net, self.opt, self.evaluator = net, opt, evaluator

    def fit(self, loader, epochs):
        for epoch in range(epochs):
            self.net.train()
            for x, y in loader:
                self.opt.zero_grad()
                cross_entropy(self.net(x), y).backward()
                self.opt.step()
            print(epoch, self.evaluator(self.net))
